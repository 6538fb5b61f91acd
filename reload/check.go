package reload

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"concierge/reload/process"
)

// Check accepts or refuses a new version of a file before it is put in place.
type Check interface {
	// Check blocks until it is decided, or ends with an error when ctx does.
	// A refusal says why and, if the candidate is secret, quotes nothing of it.
	// Nobody asks again before the next attempt to apply the set.
	Check(ctx context.Context, c Candidate) error
}

// Candidate is a staged file that a [Check] is asked about.
type Candidate struct {
	Path string // of the staged file, or directory
	Dir  string // what {{dir}} stands for; that of the path unless set
	// Secret says that a file of the set holds a secret.
	Secret bool
	// Env is the environment of commands that have none of their own.
	Env []string

	runner runner // of the commands
}

// CommandCheck is a command that must succeed. In its arguments every {{path}}
// stands for the staged file and every {{dir}} for its directory.
type CommandCheck struct{ Command process.Command }

var _ Check = CommandCheck{}

// Check implements [Check].
func (c CommandCheck) Check(ctx context.Context, candidate Candidate) error {
	command := c.Command
	command.Command = withPath(command.Command, candidate.Path, candidate.Dir)
	command.Silent = candidate.Secret
	return candidate.runner.run(ctx, ForCheck, command, candidate.Env)
}

// withPath replaces {{path}} and {{dir}} in arguments.
func withPath(args []string, path, dir string) []string {
	if dir == "" {
		dir = filepath.Dir(path)
	}
	replacer := strings.NewReplacer("{{path}}", path, "{{ path }}", path, "{{dir}}", dir, "{{ dir }}", dir)
	replaced := make([]string, len(args))
	for i, arg := range args {
		replaced[i] = replacer.Replace(arg)
	}
	return replaced
}

// check runs the checks on those files that differ from what is in place, and
// then those on the set.
func (w *staging) check(ctx context.Context, r runner, g Generation) error {
	candidate := Candidate{Secret: w.set.Secret, Env: g.CommandEnv, runner: r}
	changed := false
	for i, out := range w.set.Outputs {
		if !w.changed[i] {
			continue
		}
		changed, candidate.Path = true, w.staged[i].Path()
		if err := w.ask(ctx, out.Checks, candidate); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	candidate.Path = w.staged[0].Path()
	return w.ask(ctx, w.set.Checks, candidate)
}

func (w *staging) ask(ctx context.Context, checks []Check, candidate Candidate) error {
	for _, check := range checks {
		if err := check.Check(ctx, candidate); err != nil {
			w.result.Rejected = true
			return fmt.Errorf("check refused the new version: %w", err)
		}
	}
	return nil
}
