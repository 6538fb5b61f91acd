package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"concierge/internal/exit"
)

// system is what a command may use of the machine.
type system struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	caught         chan os.Signal // for package signal; relay passes them on to
	signals        chan os.Signal
}

// interruptible returns a context that ends with the first INT or TERM, for
// commands that do not forward signals.
func (s system) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case sig := <-s.signals:
				if sig == os.Interrupt || sig == terminate {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

// command is one subcommand.
type command struct {
	name     string // may hold a space: "kv get"
	args     string // shown after the name
	summary  string
	details  string
	examples []example
	// settings says that the command reads the configuration, so it has a
	// flag for every setting.
	settings bool
	// anywhere says that flags may also follow the arguments.
	anywhere bool
	// forwards says that signals are passed on to a process. Others are
	// interrupted by INT and TERM.
	forwards bool
	// words are what the arguments can be, for completion, in their order; nil
	// is unknown.
	words [][]string
	// setup declares flags and returns what runs after they are parsed.
	setup func(*flag.FlagSet) action
}

type example struct{ what, line string }

// action runs a command.
type action func(ctx context.Context, c call) (status int, err error)

// call is one invocation.
type call struct {
	system
	args     []string
	settings *settings // nil unless command.settings
}

// usageError is a mistake on the command line.
func usageError(format string, args ...any) error {
	return exit.With(exit.Usage, fmt.Errorf(format, args...))
}

// alone is do for a command that takes no arguments.
func alone(name string, do action) action {
	return func(ctx context.Context, c call) (int, error) {
		if len(c.args) > 0 {
			return exit.Usage, usageError("%s takes no arguments, got %q (see concierge %s --help)", name, c.args[0], name)
		}
		return do(ctx, c)
	}
}

// printer is standard output; what cannot be printed has the exit status of
// any other output that cannot be written.
type printer struct{ io.Writer }

func (p printer) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if err != nil {
		err = exit.With(exit.Failed, fmt.Errorf("writing to standard output: %w", err))
	}
	return n, err
}

// dispatch finds and runs the command and returns the exit status.
func dispatch(ctx context.Context, sys system, args []string) int {
	sys.stdout = printer{sys.stdout}
	status, err := invoke(ctx, sys, args)
	if err != nil {
		fmt.Fprintf(sys.stderr, "concierge: %v\n", err)
		if status == exit.OK || status == exit.Internal {
			status = exit.Code(err)
		}
	}
	return status
}

func invoke(ctx context.Context, sys system, args []string) (int, error) {
	if len(args) > 0 && args[0] == completeName { // its words are not flags of its own
		for _, candidate := range complete(args[1:]) {
			fmt.Fprintln(sys.stdout, candidate)
		}
		return exit.OK, nil
	}
	cmd, rest, err := find(args)
	if err != nil {
		return exit.Usage, err
	}
	if cmd == nil {
		return help(sys.stdout, rest)
	}
	cmd.listen(sys.caught)
	c := call{system: sys}
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if cmd.settings {
		c.settings = declareSettings(fs)
	}
	run := cmd.setup(fs)
	c.args, err = parse(fs, rest, cmd.anywhere)
	switch {
	case errors.Is(err, flag.ErrHelp):
		writeHelp(sys.stdout, cmd)
		return exit.OK, nil
	case err != nil:
		return exit.Usage, usageError("%w\nSee concierge %s --help.", err, cmd.name)
	}
	return run(ctx, c)
}

// listen asks for the signals that the command acts upon.
func (cmd *command) listen(signals chan<- os.Signal) {
	if cmd.forwards {
		notify(signals)
		return
	}
	signal.Notify(signals, os.Interrupt, terminate)
}

// find returns the command that args name and what follows it; nil for help.
func find(args []string) (*command, []string, error) {
	if len(args) == 0 {
		return nil, nil, nil
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		return nil, args[1:], nil
	case "-v", "-version", "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	for words := min(2, len(args)); words > 0; words-- {
		if cmd := byName(strings.Join(args[:words], " ")); cmd != nil {
			return cmd, args[words:], nil
		}
	}
	if isGroup(args[0]) {
		if len(args) == 1 || strings.HasPrefix(args[1], "-") {
			return nil, args[:1], nil
		}
		return nil, nil, unknown("command", strings.Join(args[:2], " "), names())
	}
	if strings.HasPrefix(args[0], "-") {
		return nil, nil, usageError("a command is expected before %s (see concierge help)", args[0])
	}
	return nil, nil, unknown("command", args[0], names())
}

// parse parses flags with one or two dashes. With anywhere, flags may also
// stand after arguments, until a lone "--".
func parse(fs *flag.FlagSet, args []string, anywhere bool) ([]string, error) {
	var positional []string
	for {
		if err := fs.Parse(args); err != nil {
			if name := unknownFlag(fs, args); name != "" && !errors.Is(err, flag.ErrHelp) {
				if _, number := strconv.ParseFloat(name, 64); number == nil {
					return nil, fmt.Errorf("-%s is a negative number, and nothing here takes one: write a number without a sign", name)
				}
				return nil, unknown("flag", "--"+name, flagNames(fs))
			}
			return nil, err
		}
		rest := fs.Args()
		ended := len(rest) < len(args) && args[len(args)-len(rest)-1] == "--"
		if !anywhere || ended || len(rest) == 0 {
			return append(positional, rest...), nil
		}
		positional, args = append(positional, rest[0]), rest[1:]
	}
}

// unknownFlag returns the name of the first flag in args that is not declared,
// reading args as package flag does.
func unknownFlag(fs *flag.FlagSet, args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' || arg == "--" {
			return ""
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f := fs.Lookup(name)
		if f == nil {
			return name
		}
		if !hasValue && !isBool(f) {
			i++
		}
	}
	return ""
}

// isBool reports whether a flag needs no value.
func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

func flagNames(fs *flag.FlagSet) []string {
	var all []string
	fs.VisitAll(func(f *flag.Flag) { all = append(all, "--"+f.Name) })
	return all
}
