package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"concierge/internal/config"
	"concierge/internal/exit"
)

const intro = `concierge gives a process its configuration and secrets, keeps them current
while it runs, and looks after the process.

Usage:
  concierge COMMAND [flags] [arguments]

Commands:
`

const outro = `
Try it without any server:
  concierge render --file-path ./config --template app.yml.ctmpl:app.yml
  concierge run --config concierge.yaml -- ./my-server

concierge help COMMAND explains a command; concierge help exit lists the exit
statuses. Without a command, and under the names consul-template and envconsul,
concierge takes the flags and files of those programs.
`

// help prints the overview, the page of a command or group, or the table of
// exit statuses.
func help(w io.Writer, args []string) (int, error) {
	topic := strings.Join(args, " ")
	switch cmd := byName(topic); {
	case topic == "":
		fmt.Fprint(w, intro)
		listCommands(w, "")
		fmt.Fprint(w, outro)
	case topic == "exit":
		writeExitTable(w)
	case cmd != nil:
		writeHelp(w, cmd)
	case isGroup(topic):
		fmt.Fprintf(w, "Usage:\n  concierge %s COMMAND [flags] [arguments]\n\nCommands:\n", topic)
		listCommands(w, topic+" ")
	default:
		return exit.Usage, unknown("command", topic, names())
	}
	return exit.OK, nil
}

func listCommands(w io.Writer, prefix string) {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, c := range commands() {
		if strings.HasPrefix(c.name, prefix) {
			fmt.Fprintf(tw, "  %s\t%s\n", c.name, c.summary)
		}
	}
	_ = tw.Flush()
}

func writeExitTable(w io.Writer) {
	fmt.Fprint(w, "Exit statuses. A process that ran passes its own on; 128+n if signal n ended it.\n\n")
	for _, row := range exit.Table() {
		fmt.Fprintf(w, "  %3d  %s\n", row.Code, row.Meaning)
	}
}

// writeHelp prints the page of one command.
func writeHelp(w io.Writer, c *command) {
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", c.summary, strings.TrimSpace("concierge "+c.name+" [flags] "+c.args))
	if c.details != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.details))
	}
	fmt.Fprint(w, "\nExamples:\n")
	for _, e := range c.examples {
		fmt.Fprintf(w, "  # %s\n  %s\n", e.what, e.line)
	}
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.setup(fs)
	if c.settings {
		declareCommon(fs, new(settings))
	}
	own := false
	fs.VisitAll(func(f *flag.Flag) {
		if !own {
			fmt.Fprint(w, "\nFlags:\n")
			own = true
		}
		writeFlag(w, f)
	})
	if c.settings {
		writeSettings(w)
	}
}

func writeFlag(w io.Writer, f *flag.Flag) {
	kind, text := flag.UnquoteUsage(f)
	line := "  --" + f.Name
	if kind != "" {
		line += " " + kind
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "0s" {
		text += " (default " + f.DefValue + ")"
	}
	fmt.Fprintf(w, "%s\n      %s\n", line, text)
}

const settingsIntro = `
Settings (each is also a key of the file and a variable; a flag beats the
variable, which beats the file):
`

func writeSettings(w io.Writer) {
	fmt.Fprint(w, settingsIntro)
	for _, s := range config.Settings() {
		text := s.Doc
		if len(s.Enum) > 0 {
			text += " One of " + strings.Join(s.Enum, ", ") + "."
		}
		if s.Default != "" {
			text += " Default " + s.Default + "."
		}
		fmt.Fprintf(w, "  --%s, %s\n      %s\n", s.Flag, s.Env, text)
	}
}
