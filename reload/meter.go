package reload

import (
	"context"
	"time"

	"concierge/reload/process"
)

// Purpose is what a command is for.
type Purpose string

// The purposes.
const (
	ForCheck  Purpose = "check"  // accepts a staged file or set
	ForReload Purpose = "reload" // follows a change
)

// Meter is told of commands, for concierge's own metrics. It must be quick.
type Meter interface {
	// Command is told of a command that has ended, and of its error.
	Command(p Purpose, took time.Duration, err error)
}

// runner runs commands and tells the meter.
type runner struct {
	children *process.Children
	meter    Meter // nil: nobody is told
}

func (r runner) run(ctx context.Context, p Purpose, c process.Command, env []string) error {
	began := time.Now()
	err := c.Run(ctx, r.children, env)
	if r.meter != nil && ctx.Err() == nil {
		r.meter.Command(p, time.Since(began), err)
	}
	return err
}

func (s *Supervisor) runner() runner { return runner{s.Children, s.Meter} }
