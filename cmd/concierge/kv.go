package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/logging"
	"concierge/sources"
)

// kvAction works on an opened store.
type kvAction func(ctx context.Context, c call, store sources.Store) (int, error)

// kvFlags are common to the kv commands.
type kvFlags struct {
	source  string
	timeout time.Duration
	json    bool
}

func declareKV(fs *flag.FlagSet) *kvFlags {
	f := &kvFlags{}
	fs.StringVar(&f.source, "source", "", "`name` of the source: consul, etcd or file (default as in templates)")
	fs.DurationVar(&f.timeout, "timeout", 10*time.Second, "longest `time` for the whole command")
	return f
}

// on opens the store that the flags or a "source:" in front of the first
// argument name, and runs do on it.
func (f *kvFlags) on(arguments string, least, most int, do kvAction) action {
	return func(ctx context.Context, c call) (int, error) {
		if len(c.args) < least || len(c.args) > most {
			return exit.Usage, usageError("expected %s, got %s", arguments, plural(len(c.args), "argument"))
		}
		cfg, err := c.settings.loader(c.environ, false, nil)()
		if err != nil {
			return exit.Code(err), err
		}
		if len(c.args) > 0 {
			f.source, c.args[0] = splitSource(f.source, c.args[0])
		}
		store, err := agent.OpenStore(cfg, f.source, logging.Stderr(c.stderr, cfg.Log))
		if err != nil {
			return exit.Code(err), err
		}
		if closer, ok := store.(io.Closer); ok {
			defer func() { _ = closer.Close() }()
		}
		ctx, stop := c.interruptible(ctx)
		defer stop()
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		status, err := do(ctx, c, store)
		return status, storeError(err)
	}
}

// splitSource reads "etcd:app/port" as a key of etcd, as templates do; a
// leading slash keeps a key literal.
func splitSource(source, key string) (string, string) {
	name, rest, ok := strings.Cut(key, ":")
	if ok && (name == "consul" || name == "etcd" || name == "file") && (source == "" || source == name) {
		return name, strings.TrimPrefix(rest, "/")
	}
	return source, strings.TrimPrefix(key, "/")
}

// storeError gives an error of a store its exit status.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sources.ErrNotFound), errors.Is(err, sources.ErrConflict):
		return exit.With(exit.Differs, err)
	case errors.Is(err, sources.ErrInvalid):
		return exit.With(exit.Usage, err)
	case errors.Is(err, context.DeadlineExceeded):
		return exit.With(exit.Store, fmt.Errorf("%w (the store did not answer in time; see --timeout)", err))
	case errors.Is(err, context.Canceled):
		return exit.With(exit.Interrupted, err)
	}
	if e := new(exit.Error); errors.As(err, &e) {
		return err
	}
	return exit.With(exit.Store, err)
}
