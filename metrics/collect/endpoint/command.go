package endpoint

import (
	"context"
	"fmt"

	"concierge/metrics/collect/program"
)

// Command runs a program and reads what it prints. Any exit status but 0 is a
// failure.
type Command struct {
	program.Program
	// Silent keeps what the program says on its standard error out of the
	// failure, for one that could print a secret.
	Silent bool
}

// Read implements [Reader].
func (c Command) Read(ctx context.Context, body *Body) (contentType string, err error) {
	ended, err := c.Run(ctx, body)
	switch {
	case err != nil:
		return "", err
	case ended.Status == 0:
		return "", nil
	}
	err = fmt.Errorf("running %q: %s", c.Program.Command[0], ended.How)
	if ended.Said != "" && !c.Silent {
		err = fmt.Errorf("%w: %s", err, ended.Said)
	}
	return "", &failure{Refused, err}
}

// String implements [Reader]. Arguments may be secrets.
func (c Command) String() string {
	return fmt.Sprintf("the output of %q", c.Program.Command[:min(1, len(c.Program.Command))])
}
