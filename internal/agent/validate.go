package agent

import (
	"log/slog"

	"concierge/internal/config"
	"concierge/secrets"
	"concierge/sources"
)

// Summary says what a configuration is made of.
type Summary struct {
	Files, Variables int
	// Queries counts what is asked for before the first rendering; computed
	// arguments may ask for more.
	Queries int
}

// Validate parses every template of a configuration and makes, but does not
// use, every source.
func Validate(cfg *config.Config, environ []string) (Summary, error) {
	prog, err := compile(cfg, environ, new(secrets.Redactor), nil, true)
	if err != nil {
		return Summary{}, err
	}
	if cfg.Metrics != nil {
		if _, err := (measuring{cfg: cfg.Metrics, where: cfg.Where, log: slog.New(slog.DiscardHandler)}).options(); err != nil {
			return Summary{}, err
		}
	}
	opened, err := open(cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return Summary{}, err
	}
	for _, o := range opened {
		closeSource(o.source)
	}
	var s Summary
	queries := make(map[sources.Query]struct{})
	for _, set := range prog.sets {
		for _, u := range set.units {
			if set.env {
				s.Variables++
			} else {
				s.Files++
			}
			for _, q := range u.source.Literals() {
				queries[q] = struct{}{}
			}
		}
	}
	s.Queries = len(queries)
	return s, nil
}
