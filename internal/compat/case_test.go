package compat

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// testCase is one run of both programs.
type testCase struct {
	name  string
	files []txtar.File // laid out in the working directory
	args  []string     // after the default ones
	env   []string
	setup string // a shell script that runs first

	bare    bool     // no default arguments
	ownName bool     // the candidate is called concierge
	status  int      // what the reference must end with
	differs string   // identifier of the row that allows a difference
	want    string   // with differs: what the candidate must leave, in the form of outcome.String
	shape   []string // files whose contents are not compared
	secrets []string // files with a secret: the row secret-files
	waits   string   // both are interrupted once this file is there, and end with 12
	streams bool     // compare standard output too
}

// parseTheme reads the cases of one txtar archive. A section without a slash
// begins a case and holds its template:
//
//	-- NAME | WORD | WORD … --
//
// and NAME/FILE is a further file of it. The words:
//
//	status N     the exit status, 0 if not said
//	differs ID   the results differ as that row says; NAME/want is the candidate's
//	shape FILE   contents of FILE are not compared, its presence and mode are
//	secret FILE  FILE holds a secret: the candidate keeps it from the world
//	waits FILE   interrupt when FILE is there; the status is 12
//	bare         no default arguments
//	stdout       standard output is compared
//	concierge    the candidate is called by its own name
//
// Some names are special: NAME/args (one argument a line), NAME/env,
// NAME/setup (a shell script that runs before) and NAME/want. The default
// arguments are -once and either "-config config.hcl", when there is such a
// file, or "-template in.tmpl:out".
func parseTheme(archive *txtar.Archive) ([]*testCase, error) {
	var cases []*testCase
	for _, section := range archive.Files {
		words := strings.Split(section.Name, "|")
		name := strings.TrimSpace(words[0])
		owner, file, sub := strings.Cut(name, "/")
		if !sub {
			c := &testCase{name: name}
			if err := c.annotate(words[1:]); err != nil {
				return nil, err
			}
			if len(section.Data) > 0 {
				c.files = append(c.files, txtar.File{Name: "in.tmpl", Data: section.Data})
			}
			cases = append(cases, c)
			continue
		}
		if len(cases) == 0 || cases[len(cases)-1].name != owner {
			return nil, fmt.Errorf("section %q does not follow its case", section.Name)
		}
		cases[len(cases)-1].add(file, section.Data)
	}
	return cases, nil
}

func (c *testCase) annotate(words []string) (err error) {
	for _, word := range words {
		key, value, _ := strings.Cut(strings.TrimSpace(word), " ")
		switch key {
		case "status":
			c.status, err = strconv.Atoi(value)
		case "differs":
			c.differs = value
		case "shape":
			c.shape = append(c.shape, value)
		case "secret":
			c.secrets = append(c.secrets, value)
		case "waits":
			c.waits, c.status = value, 12
		case "bare":
			c.bare = true
		case "stdout":
			c.streams = true
		case "concierge":
			c.ownName = true
		default:
			err = fmt.Errorf("unknown word")
		}
		if err != nil {
			return fmt.Errorf("case %s: %q: %w", c.name, word, err)
		}
	}
	return nil
}

func (c *testCase) add(file string, data []byte) {
	switch file {
	case "args":
		c.args = lines(data)
	case "env":
		c.env = lines(data)
	case "setup":
		c.setup = string(data)
	case "want":
		c.want = string(data)
	default:
		c.files = append(c.files, txtar.File{Name: file, Data: data})
	}
}

func lines(data []byte) []string {
	var all []string
	for line := range strings.Lines(string(data)) {
		all = append(all, strings.TrimSuffix(line, "\n"))
	}
	return all
}

// commandLine returns the arguments of both programs.
func (c *testCase) commandLine() []string {
	if c.bare {
		return c.args
	}
	args := []string{"-once", "-template", "in.tmpl:out"}
	if slices.ContainsFunc(c.files, func(f txtar.File) bool { return f.Name == "config.hcl" }) {
		args = []string{"-once", "-config", "config.hcl"}
	}
	return append(args, c.args...)
}

// themes returns the cases by the name of their archive.
func themes(t *testing.T) map[string][]*testCase {
	t.Helper()
	names, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("looking for cases: %v (%d archives)", err, len(names))
	}
	all := make(map[string][]*testCase)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		theme := strings.TrimSuffix(path.Base(name), ".txtar")
		if all[theme], err = parseTheme(archive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}
