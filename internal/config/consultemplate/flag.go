package consultemplate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"concierge/internal/config"
	"concierge/internal/exit"
)

// Flag is one flag of a command line. It may be written with one dash or two.
type Flag struct {
	Name string
	Arg  string // what the value is, for help texts; empty for a switch
	Help string
	// Set takes over a value; "true" for a switch without one.
	Set func(text string) error
}

// ParseFlags parses flags as Go's flag package does: the first word that is no
// flag, or a lone --, ends them. It returns what follows. The error has the
// status of wrong usage; help says that -h or -help is among the flags.
func ParseFlags(flags []Flag, args []string) (rest []string, help bool, err error) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for _, f := range flags {
		if f.Arg == "" {
			fs.BoolFunc(f.Name, f.Help, f.Set)
		} else {
			fs.Func(f.Name, f.Help, f.Set)
		}
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, true, nil
	case err != nil:
		if name := unknownFlag(fs, args); name != "" {
			err = fmt.Errorf("unknown flag -%s; %s", name, suggestFlag(name, flags))
		}
		return nil, false, exit.With(exit.Usage, err)
	}
	return fs.Args(), false, nil
}

// unknownFlag returns the name of the first flag that is not declared, reading
// args as package flag does.
func unknownFlag(fs *flag.FlagSet, args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' || arg == "--" {
			return ""
		}
		name, _, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		f := fs.Lookup(name)
		if f == nil {
			return name
		}
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !hasValue && (!ok || !b.IsBoolFlag()) {
			i++
		}
	}
	return ""
}

func suggestFlag(name string, flags []Flag) string {
	names := make([]string, 0, len(flags))
	for _, f := range flags {
		names = append(names, "-"+f.Name)
	}
	if hint := config.Suggest("-"+name, names); hint != "" {
		return hint
	}
	return "-help lists the flags"
}

// WriteFlags writes a line for each flag and what it does.
func WriteFlags(w io.Writer, flags []Flag) {
	for _, f := range flags {
		name := "-" + f.Name
		if f.Arg != "" {
			name += "=<" + f.Arg + ">"
		}
		fmt.Fprintf(w, "  %s\n      %s\n", name, f.Help)
	}
}
