package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"concierge/internal/config"
	"concierge/reload"
	"concierge/reload/format"
)

// checks is what must accept a new version of a file besides its command.
type checks struct {
	format format.Format  // empty: any
	schema *format.Schema // nil: none
	keep   int            // per cent of the file that one change must leave; 0: any
}

// protect gives a file its built-in checks and its guard.
func (c *compiler) protect(u *unit, t *config.Template) error {
	u.checks = checks{format: format.Format(t.Format), keep: t.Guard.Keep()}
	if t.Schema != "" {
		schema, err := format.ReadSchema(t.Schema)
		if err != nil {
			return fmt.Errorf("%w (see the schema setting of %s; it is a local file, and so is all it refers to)", err, t.Destination)
		}
		u.checks.schema = schema
	}
	if t.Guard == nil {
		return nil
	}
	guard, err := newGuard(t.Guard, c.naming())
	if err != nil {
		return fmt.Errorf("%s: %w", u.label, err)
	}
	u.source = guarded{u.source, guard}
	return nil
}

// allChecks returns what must accept the newest version of the unit's file: what
// is quick comes first, commands see only what the built-in checks accept. They
// are asked outside of the loop, so they hold all they need of its state.
func (u *unit) allChecks() []reload.Check {
	var all []reload.Check
	add := func(setting string, look func() error) {
		all = append(all, contentCheck{u.target.Path, setting, look})
	}
	text := u.result.Output
	switch u.checks.format {
	case "":
	case format.PEMPair:
		texts := u.set.pairTexts()
		add("format", func() error { return format.Pair(time.Now(), texts...) })
	default:
		add("format", func() error { return u.checks.format.Check(text) })
	}
	if u.checks.schema != nil {
		add("schema", func() error { return u.checks.schema.Check(u.checks.format, text) })
	}
	if u.checks.keep > 0 {
		add("guard.max_shrink", func() error { return checkSize(u.target.Path, len(text), u.checks.keep) })
	}
	if u.check != nil {
		all = append(all, u.check)
	}
	return all
}

// pairTexts returns the files of the set that are a certificate with its key
// together.
func (s *set) pairTexts() [][]byte {
	var texts [][]byte
	for _, u := range s.units {
		if u.checks.format == format.PEMPair {
			texts = append(texts, u.result.Output)
		}
	}
	return texts
}

// contentCheck is a check that is built in. It looks at the content that was
// staged, which is in memory.
type contentCheck struct {
	path    string
	setting string // for the hint
	look    func() error
}

// Check implements reload.Check. What a parser quotes of the file is only told
// if the file holds no secret.
func (c contentCheck) Check(_ context.Context, candidate reload.Candidate) error {
	err := c.look()
	if err == nil {
		return nil
	}
	detail := ""
	if e, ok := errors.AsType[*format.Error](err); ok && e.Detail != "" && !candidate.Secret {
		detail = " (" + e.Detail + ")"
	}
	return fmt.Errorf("%s is %w%s; see the template's %s setting", c.path, err, detail, c.setting)
}

// checkSize compares a new size with that of the file in place, which is what
// was applied last, also before this start.
func checkSize(path string, size, keep int) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // nothing that could shrink
	}
	old := info.Size()
	if int64(size)*100 >= old*int64(keep) {
		return nil
	}
	return fmt.Errorf("%d bytes instead of %d, more than %d%% smaller; if that is meant, reload with a larger limit", size, old, 100-keep)
}
