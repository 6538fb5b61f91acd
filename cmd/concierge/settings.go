package main

import (
	"flag"
	"fmt"
	"io"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/internal/logging"
)

// settings collects what the command line says of the configuration.
type settings struct {
	path      string
	templates []config.Template
	flags     []config.Setting
}

// declareSettings declares a flag for the file and one for every setting.
func declareSettings(fs *flag.FlagSet) *settings {
	s := &settings{}
	declareCommon(fs, s)
	for _, info := range config.Settings() {
		set := func(value string) error {
			s.flags = append(s.flags, config.Setting{Path: info.Path, Value: value, Flag: "--" + info.Flag})
			return nil
		}
		if info.IsBool {
			fs.BoolFunc(info.Flag, info.Doc, set)
		} else {
			fs.Func(info.Flag, info.Doc, set)
		}
	}
	return s
}

// declareCommon declares the flags that are not settings.
func declareCommon(fs *flag.FlagSet, s *settings) {
	fs.StringVar(&s.path, "config", "", "configuration `file` (default concierge.yaml if it exists; also CONCIERGE_CONFIG)")
	fs.StringVar(&s.path, "c", "", "short for --config")
	fs.Func("template", "render `IN:OUT[:COMMAND]` beside the templates of the file; may be repeated", func(value string) error {
		t, err := config.ParseTemplateFlag(value)
		if err == nil {
			s.templates = append(s.templates, t)
		}
		return err
	})
}

// loader returns the function that reads the configuration, also again. With
// running the process is meant to be started; command, if not empty, is what
// stands on the command line.
func (s *settings) loader(environ []string, running bool, command []string) func() (*config.Config, error) {
	return func() (*config.Config, error) {
		cfg, err := config.Load(config.Options{
			Path: s.path, Flags: s.flags, Templates: s.templates, Command: command, Environ: environ, Running: running,
		})
		if err == nil {
			err = logging.Check(cfg.Log)
		}
		return cfg, exit.With(exit.Config, err)
	}
}

// startingWith returns load, but with the configuration that was read already
// for the first call.
func startingWith(first *config.Config, load func() (*config.Config, error)) func() (*config.Config, error) {
	return func() (*config.Config, error) {
		if cfg := first; cfg != nil {
			first = nil
			return cfg, nil
		}
		return load()
	}
}

// newLogger makes the logger that the configuration asks for; the caller
// closes it.
func newLogger(stderr io.Writer, cfg config.Log) (*logging.Logger, error) {
	log, err := logging.New(stderr, cfg)
	return log, exit.With(exit.Config, err)
}

// ending closes the logger after it has passed on what ended concierge: its
// user reads that on standard error without a logger.
func ending(log *logging.Logger, err error) {
	if err != nil {
		log.Beyond.Error("concierge failed", "error", err)
	}
	if err := log.Close(); err != nil {
		log.Warn("the log file was not closed", "error", err)
	}
}

// plural counts things for people.
func plural(n int, one string) string { return plural2(n, one, one+"s") }

func plural2(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
