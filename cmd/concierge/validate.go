package main

import (
	"context"
	"flag"
	"fmt"

	"gopkg.in/yaml.v3"

	"concierge/internal/agent"
	"concierge/internal/config"
	"concierge/internal/exit"
)

func validateCommand() *command {
	return &command{
		name:    "validate",
		summary: "Check the configuration and all templates without any store.",
		details: "Every mistake is listed with its file, line and reason; the exit status is 15.",
		examples: []example{
			{"check a file", "concierge validate --config /etc/concierge.yaml"},
			{"show what is in force after flags, variables and defaults, without secrets", "concierge validate --print"},
		},
		settings: true,
		setup: func(fs *flag.FlagSet) action {
			show := fs.Bool("print", false, "print the configuration in force as YAML, secrets redacted")
			return alone("validate", func(_ context.Context, c call) (int, error) { return validate(c, *show) })
		},
	}
}

func validate(c call, show bool) (int, error) {
	cfg, err := c.settings.loader(c.environ, false, nil)()
	if err != nil {
		return exit.Code(err), err
	}
	summary, err := agent.Validate(cfg, c.environ)
	if err != nil {
		return exit.Code(err), err
	}
	if show {
		enc := yaml.NewEncoder(c.stdout)
		enc.SetIndent(2)
		return exit.OK, enc.Encode(cfg)
	}
	_, err = fmt.Fprintf(c.stdout, "valid: %s, %s, %s known before the first rendering\n",
		plural(summary.Files, "file"), plural(summary.Variables, "variable"), plural2(summary.Queries, "query", "queries"))
	return exit.OK, err
}

func schemaCommand() *command {
	return &command{
		name:    "schema",
		summary: "Print the JSON Schema of the configuration file, for editors.",
		examples: []example{
			{"write it where an editor finds it", "concierge schema > concierge.schema.json"},
			{"and name it in the first line of the file", "sed -i '1i # yaml-language-server: $schema=concierge.schema.json' concierge.yaml"},
		},
		setup: func(*flag.FlagSet) action {
			return alone("schema", func(_ context.Context, c call) (int, error) {
				schema, err := config.Schema()
				if err != nil {
					return exit.Internal, err
				}
				_, err = c.stdout.Write(schema)
				return exit.OK, err
			})
		},
	}
}
