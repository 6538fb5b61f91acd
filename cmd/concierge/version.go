package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"concierge/internal/exit"
)

func versionCommand() *command {
	return &command{
		name:    "version",
		summary: "Print version, revision and Go version of this build.",
		examples: []example{
			{"everything", "concierge version"},
			{"only the number, for scripts", "concierge version --short"},
		},
		setup: func(fs *flag.FlagSet) action {
			short := fs.Bool("short", false, "print only the version")
			return alone("version", func(_ context.Context, c call) (int, error) {
				b := readBuild()
				if *short {
					_, err := fmt.Fprintln(c.stdout, b.version)
					return exit.OK, err
				}
				_, err := fmt.Fprintf(c.stdout, "concierge %s (revision %s, %s, %s/%s)\n",
					b.version, b.revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return exit.OK, err
			})
		},
	}
}

type build struct{ version, revision string }

// readBuild reads what the Go linker recorded of the module and its repository.
func readBuild() build {
	b := build{version: "devel", revision: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.revision += "+changes"
		}
	}
	return b
}
