package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
)

// Reporter tells how an instance is. Like all of [Instance] it is called
// concurrently, blocks until the instance has an answer, and ends with ctx.
type Reporter interface {
	Status(ctx context.Context) (Status, error)
}

// Reloader makes the instance read its configuration again.
type Reloader interface {
	// Reload returns when the new configuration is in force. At an error the
	// previous one stays.
	Reload(ctx context.Context) error
}

// JobKeeper steers programs. A name that it does not know is an
// [*UnknownJobError].
type JobKeeper interface {
	Restart(ctx context.Context, job string) error
	Signal(ctx context.Context, job string, sig syscall.Signal) error
}

// Maintainer takes an instance out of service and back: in maintenance it is
// not ready, applies no change and takes no action because of health.
type Maintainer interface {
	// Maintenance reports whether that changed anything.
	Maintenance(ctx context.Context, on bool) (changed bool, err error)
}

// Retrier tries again what was put off.
type Retrier interface {
	// Retry forgets which versions were rolled back, and ends every back-off. It
	// returns the names of the sets that are tried again.
	Retry(ctx context.Context) (sets []string, err error)
}

// Leveler changes the least severity that is logged, until the configuration
// is loaded again.
type Leveler interface {
	LogLevel(ctx context.Context, level slog.Level) (previous slog.Level, err error)
}

// Instance is all that can be asked of a running instance.
type Instance interface {
	Reporter
	Reloader
	JobKeeper
	Maintainer
	Retrier
	Leveler
}

// ErrStopping is the answer of an instance that is about to end.
var ErrStopping = errors.New("the instance is stopping")

// UnknownJobError says that an instance has no job of that name.
type UnknownJobError struct {
	Job   string
	Known []string // all that it has
}

// Error implements error.
func (e *UnknownJobError) Error() string { return fmt.Sprintf("unknown job %q", e.Job) }
