package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"concierge/internal/config"
	"concierge/internal/exit"
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

// logging is a logger whose level can follow a reload.
type logging struct {
	*slog.Logger
	level *slog.LevelVar
}

// newLogger makes the logger that the configuration asks for.
func newLogger(w io.Writer, cfg config.Log) logging {
	l := logging{level: new(slog.LevelVar)}
	l.follow(cfg)
	options := &slog.HandlerOptions{Level: l.level}
	if cfg.Format == "json" || cfg.Format == "auto" && !isTerminal(w) {
		l.Logger = slog.New(slog.NewJSONHandler(w, options))
	} else {
		l.Logger = slog.New(slog.NewTextHandler(w, options))
	}
	return l
}

// follow takes over the level of a configuration.
func (l logging) follow(cfg config.Log) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(cfg.Level))); err == nil {
		l.level.Set(level)
	}
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// plural counts things for people.
func plural(n int, one string) string { return plural2(n, one, one+"s") }

func plural2(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
