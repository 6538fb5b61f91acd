package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"concierge/internal/admin"
	"concierge/internal/config"
	"concierge/internal/exit"
)

// ctlFlags are common to the ctl commands.
type ctlFlags struct {
	socket  string
	timeout time.Duration
}

// ctlAction asks an instance for something.
type ctlAction func(ctx context.Context, c call, instance *admin.Client) error

func declareCtl(fs *flag.FlagSet) *ctlFlags {
	f := &ctlFlags{}
	fs.StringVar(&f.socket, "socket", "", "`path` of the control socket (default "+admin.SocketVariable+", else the first of $XDG_RUNTIME_DIR/concierge.sock and /run/concierge.sock that answers)")
	fs.DurationVar(&f.timeout, "timeout", 15*time.Second, "longest `time` for the answer")
	return f
}

// ask runs do on the instance, with what stands for so many arguments.
func (f *ctlFlags) ask(arguments string, count int, do ctlAction) action {
	return f.follow(arguments, count, func(ctx context.Context, c call, instance *admin.Client) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return do(ctx, c, instance)
	})
}

// follow is ask without a limit of time.
func (f *ctlFlags) follow(arguments string, count int, do ctlAction) action {
	return func(ctx context.Context, c call) (int, error) {
		if len(c.args) != count {
			return exit.Usage, usageError("expected %s, got %s", arguments, plural(len(c.args), "argument"))
		}
		paths, err := f.paths(c.environ)
		if err != nil {
			return exit.Usage, err
		}
		ctx, stop := c.interruptible(ctx)
		defer stop()
		err = ctlError(do(ctx, c, admin.NewClient(paths...)))
		return exit.Code(err), err
	}
}

// paths are where the instance may listen.
func (f *ctlFlags) paths(environ []string) ([]string, error) {
	path := f.socket
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, admin.SocketVariable+"="); ok && f.socket == "" {
			path = v
		}
	}
	switch path {
	case "":
		return admin.DefaultPaths(environ), nil
	case config.NoSocket:
		return nil, usageError("the control socket is switched off by %s=%s (give --socket PATH)", admin.SocketVariable, config.NoSocket)
	}
	return []string{path}, nil
}

// ctlError gives an error of the instance its exit status and a hint.
func ctlError(err error) error {
	if unknown, ok := errors.AsType[*admin.UnknownJobError](err); ok {
		return unknownJob(unknown)
	}
	if _, ok := errors.AsType[*admin.NoInstanceError](err); ok {
		return exit.With(exit.Store, fmt.Errorf("%w (%s)", err, socketHint(err)))
	}
	answer, ok := errors.AsType[*admin.AnswerError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return exit.With(exit.Interrupted, err)
	case !ok:
	case answer.Code == http.StatusBadRequest, answer.Code == http.StatusNotFound:
		return exit.With(exit.Usage, err)
	case answer.Code == http.StatusForbidden:
		return exit.With(exit.Store, fmt.Errorf("%w (use su or sudo)", err))
	case answer.Code == http.StatusGatewayTimeout, answer.Code == http.StatusServiceUnavailable:
		return exit.With(exit.Store, fmt.Errorf("%w (try again; the log says what it is doing)", err))
	}
	if _, known := errors.AsType[*exit.Error](err); known {
		return err
	}
	return exit.With(exit.Failed, err)
}

// socketHint says what to try when no instance answers.
func socketHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "run it as root or as the user that concierge runs as"
	case errors.Is(err, context.DeadlineExceeded):
		return "it may be busy or stopped; see --timeout"
	}
	return "is concierge run there? --socket PATH or " + admin.SocketVariable + " names another socket"
}

// unknownJob is the error for a job that the instance does not have.
func unknownJob(e *admin.UnknownJobError) error {
	hint := config.Suggest(e.Job, e.Known)
	switch {
	case hint != "":
	case len(e.Known) == 0:
		hint = "the instance has no jobs"
	default:
		hint = "jobs: " + strings.Join(slices.Sorted(slices.Values(e.Known)), ", ")
	}
	return usageError("%w (%s)", e, hint)
}

// say prints what was done.
func say(c call, format string, args ...any) error {
	_, err := fmt.Fprintf(c.stdout, format+"\n", args...)
	return err
}
