package reload

import (
	"context"
	"fmt"
	"strings"
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
	Path string // of the staged file
	// Secret says that a file of the set holds a secret.
	Secret bool
	// Env is the environment of commands that have none of their own.
	Env []string

	children *Children // runs the commands
}

var _ Check = Command{}

// Check implements [Check]: the command must succeed. Every {{path}} in its
// arguments stands for the staged file.
func (c Command) Check(ctx context.Context, candidate Candidate) error {
	c = c.withPath(candidate.Path)
	c.silent = candidate.Secret
	return c.run(ctx, candidate.children, candidate.Env)
}

// withPath replaces {{path}} in the arguments.
func (c Command) withPath(path string) Command {
	args := make([]string, len(c.Command))
	for i, arg := range c.Command {
		args[i] = strings.NewReplacer("{{path}}", path, "{{ path }}", path).Replace(arg)
	}
	c.Command = args
	return c
}

// check runs the checks on those files that differ from what is in place.
func (w *staging) check(ctx context.Context, children *Children, g Generation) error {
	for i, out := range w.set.Outputs {
		if !w.changed[i] {
			continue
		}
		candidate := Candidate{Path: w.staged[i].Path(), Secret: w.set.Secret, Env: g.CommandEnv, children: children}
		for _, check := range out.Checks {
			if err := check.Check(ctx, candidate); err != nil {
				w.result.Rejected = true
				return fmt.Errorf("check refused the new version: %w", err)
			}
		}
	}
	return nil
}
