package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
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
		store, err := agent.OpenStore(cfg, f.source, newLogger(c.stderr, cfg.Log).Logger)
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
	if source == "" && ok && (name == "consul" || name == "etcd" || name == "file") {
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

func kvGetCommand() *command {
	return &command{
		name: "kv get", args: "KEY", summary: "Print the value of a key.",
		details: "The exit status is 1 when there is no such key.",
		examples: []example{
			{"a key of the default source", "concierge kv get app/port"},
			{"with its revision, for a later --cas", "concierge kv get etcd:app/port --json"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			fs.BoolVar(&f.json, "json", false, "print the key with its revision as JSON")
			return f.on("a KEY", 1, 1, f.get)
		},
	}
}

func (f *kvFlags) get(ctx context.Context, c call, store sources.Store) (int, error) {
	pair, err := store.Get(ctx, c.args[0])
	if err != nil {
		return exit.OK, err
	}
	if f.json {
		return exit.OK, writeJSON(c.stdout, pair)
	}
	_, err = fmt.Fprintln(c.stdout, pair.Value)
	return exit.OK, err
}

// shownPair is a key as the --json flags print it.
type shownPair struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	ModifyIndex uint64 `json:"modify_index"`
	CreateIndex uint64 `json:"create_index,omitempty"`
}

func writeJSON(w io.Writer, pairs ...sources.KeyPair) error {
	enc := json.NewEncoder(w)
	for _, p := range pairs {
		if err := enc.Encode(shownPair{p.Path, p.Value, p.ModifyIndex, p.CreateIndex}); err != nil {
			return err
		}
	}
	return nil
}

func kvPutCommand() *command {
	return &command{
		name: "kv put", args: "KEY VALUE", summary: "Set a key.",
		details: `
VALUE is taken as it is; "-" reads it from standard input and "@FILE" from a
file. With --cas the key is only set while it still has that modify index, and
with --cas 0 only while it does not exist; otherwise the exit status is 1.`,
		examples: []example{
			{"change live configuration", "concierge kv put app/greeting hello"},
			{"create a key from a file, but never overwrite one", "concierge kv put app/motd @motd.txt --cas 0"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			var cas *uint64
			fs.Func("cas", "set only while the modify `index` is this one", func(s string) error {
				cas = new(uint64)
				_, err := fmt.Sscan(s, cas)
				return err
			})
			return f.on("a KEY and a VALUE", 2, 2, func(ctx context.Context, c call, store sources.Store) (int, error) {
				value, err := readValue(c)
				if err != nil {
					return exit.Usage, exit.With(exit.Usage, err)
				}
				return exit.OK, store.Put(ctx, c.args[0], value, cas)
			})
		},
	}
}

func readValue(c call) (string, error) {
	switch value := c.args[1]; {
	case value == "-":
		b, err := io.ReadAll(c.stdin)
		return string(b), err
	case strings.HasPrefix(value, "@"):
		b, err := os.ReadFile(value[1:])
		return string(b), err
	default:
		return value, nil
	}
}

func kvLsCommand() *command {
	return &command{
		name: "kv ls", args: "[PREFIX]", summary: "List keys.",
		details: `
Lists what is directly below the prefix; folders end in a slash. With
--recursive every key that starts with the prefix is listed in full.`,
		examples: []example{
			{"the top level", "concierge kv ls"},
			{"every key and value below a prefix, one JSON object a line", "concierge kv ls --recursive --json app/"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			recursive := fs.Bool("recursive", false, "list all keys below the prefix in full")
			values := fs.Bool("values", false, "print KEY=VALUE (with --recursive)")
			fs.BoolVar(&f.json, "json", false, "print keys, values and revisions as JSON (with --recursive)")
			return f.on("at most a PREFIX", 0, 1, func(ctx context.Context, c call, store sources.Store) (int, error) {
				if (*values || f.json) && !*recursive {
					return exit.Usage, usageError("--values and --json need --recursive")
				}
				return exit.OK, f.list(ctx, c, store, *recursive, *values)
			})
		},
	}
}

func (f *kvFlags) list(ctx context.Context, c call, store sources.Store, recursive, values bool) error {
	prefix := ""
	if len(c.args) == 1 {
		prefix = c.args[0]
	}
	if !recursive && prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	pairs, err := store.List(ctx, prefix)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.stdout, pairs...)
	}
	last := ""
	for _, p := range pairs {
		line := p.Path
		switch {
		case values:
			line += "=" + p.Value
		case !recursive:
			line = child(strings.TrimPrefix(p.Path, prefix))
		}
		if line == "" || line == last && !recursive {
			continue
		}
		last = line
		if _, err := fmt.Fprintln(c.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// child cuts a path after its first element.
func child(path string) string {
	if first, _, folder := strings.Cut(path, "/"); folder {
		return first + "/"
	}
	return path
}

func kvRmCommand() *command {
	return &command{
		name: "kv rm", args: "KEY", summary: "Remove a key, or all keys below a prefix.",
		examples: []example{
			{"one key", "concierge kv rm app/greeting"},
			{"everything that starts with app/old/", "concierge kv rm --recursive app/old/"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			recursive := fs.Bool("recursive", false, "remove every key that starts with KEY")
			return f.on("a KEY", 1, 1, func(ctx context.Context, c call, store sources.Store) (int, error) {
				if !*recursive {
					return exit.OK, store.Delete(ctx, c.args[0])
				}
				if c.args[0] == "" {
					return exit.Usage, usageError("refusing to remove every key of the store: name a prefix")
				}
				n, err := store.DeleteTree(ctx, c.args[0])
				if err == nil {
					fmt.Fprintf(c.stderr, "removed %s\n", plural(n, "key"))
				}
				return exit.OK, err
			})
		},
	}
}
