package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"concierge/internal/config/convert"
	"concierge/internal/exit"
)

func convertCommand() *command {
	return &command{
		name: "convert", args: "FILE|DIRECTORY…",
		summary: "Turn the configuration of another program into concierge's own.",
		details: `
Reads the files of consul-template (HCL or JSON), Vault Agent (HCL or JSON),
confd (TOML; its templates are converted as far as that is mechanical),
ContainerPilot (JSON5, version 3 or 2) or a Procfile and prints YAML with
comments that say what was done. What cannot be carried over, and what is left
to do by hand, is printed to standard error. Tokens and passwords are never
carried over. The files of consul-template also work as
they are: see concierge help and docs/migrating.md.`,
		examples: []example{
			{"one file", "concierge convert consul-template.hcl >concierge.yaml"},
			{"confd's directory", "concierge convert --from confd /etc/confd >concierge.yaml"},
			{"ContainerPilot", "concierge convert /etc/containerpilot.json5 >concierge.yaml"},
		},
		anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			from := fs.String("from", "", "the `program`: "+kindList()+" (guessed unless set)")
			return func(_ context.Context, c call) (int, error) { return convertFiles(c, convert.Kind(*from)) }
		},
	}
}

func kindList() string {
	var all []string
	for _, k := range convert.Kinds() {
		all = append(all, string(k))
	}
	return strings.Join(all, ", ")
}

func convertFiles(c call, from convert.Kind) (int, error) {
	if len(c.args) == 0 {
		return exit.Usage, usageError("expected the files or directories to convert (see concierge convert --help)")
	}
	if from != "" && !strings.Contains(", "+kindList()+",", ", "+string(from)+",") {
		return exit.Usage, unknown("program", string(from), strings.Split(kindList(), ", "))
	}
	files, err := convert.Read(c.args...)
	if err != nil {
		return exit.Config, err
	}
	yaml, notes, err := convert.Convert(from, files...)
	if err != nil {
		return exit.Config, err
	}
	for _, n := range notes {
		fmt.Fprintln(c.stderr, "note: "+n)
	}
	_, err = c.stdout.Write(yaml)
	return exit.OK, err
}
