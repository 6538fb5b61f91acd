package logging

import (
	"errors"
	"io"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"concierge/internal/config"
)

// Logger logs to all configured destinations. Its level can follow a reload.
type Logger struct {
	*slog.Logger
	// Beyond logs to the file and to syslog and not to standard error, for
	// what a user is told there in another form.
	Beyond *slog.Logger

	level   *slog.LevelVar
	started config.Log
	stderr  *spool        // nil if standard error is not a file
	file    *rotatingFile // nil unless configured
	syslog  *sender       // nil unless configured
}

// New makes the logger that cfg asks for. A file that cannot be opened and
// settings that [Check] refuses are errors; a log daemon that is away is not,
// it is told on stderr and connected to as soon as it is there.
//
// The caller closes the logger after the last message.
func New(stderr io.Writer, cfg config.Log) (*Logger, error) {
	if err := Check(cfg); err != nil {
		return nil, err
	}
	l := &Logger{level: new(slog.LevelVar), started: cfg}
	l.level.Set(levelOf(cfg.Level))
	first := l.startStderr(stderr, cfg.Format)
	own := slog.New(first).With("component", "logging")
	var others []slog.Handler
	if cfg.File != nil {
		file, err := openRotating(*cfg.File, own)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.file = file
		others = append(others, handler(file, cfg.Format, l.level))
	}
	if cfg.Syslog != nil {
		var feed slog.Handler
		l.syslog, feed = startSyslog(*cfg.Syslog, l.level, own)
		others = append(others, feed)
	}
	l.Logger, l.Beyond = slog.New(first), slog.New(slog.NewMultiHandler(others...))
	if len(others) > 0 {
		l.Logger = slog.New(slog.NewMultiHandler(first, l.Beyond.Handler()))
	}
	return l, nil
}

// startStderr returns what logs to standard error and never waits for it.
func (l *Logger) startStderr(stderr io.Writer, format string) slog.Handler {
	direct := slog.New(handler(stderr, format, l.level)).With("component", "logging")
	out, spool := startSpool(stderr, func(n int) {
		direct.Warn("log messages are missing, because standard error was not read in time", "missed", n)
	})
	l.stderr = spool
	if format == "auto" && isTerminal(stderr) {
		format = "text"
	}
	return handler(out, format, l.level)
}

// Stderr logs to standard error alone, whatever else cfg has: for commands that
// an operator runs beside the daemon.
func Stderr(stderr io.Writer, cfg config.Log) *slog.Logger {
	return slog.New(handler(stderr, cfg.Format, levelOf(cfg.Level)))
}

// handler writes records to w in a format of the configuration.
func handler(w io.Writer, format string, level slog.Leveler) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" || format != "text" && !isTerminal(w) {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// Check says what of cfg New would refuse, without opening anything.
func Check(cfg config.Log) error {
	if cfg.Syslog == nil {
		return nil
	}
	return checkSyslog(*cfg.Syslog)
}

// Follow takes over the level of a reloaded configuration. Destinations and
// formats stay as they were at the start; a change of them is warned of.
func (l *Logger) Follow(cfg config.Log) {
	l.level.Set(levelOf(cfg.Level))
	if cfg.Format != l.started.Format || !same(cfg.File, l.started.File) || !same(cfg.Syslog, l.started.Syslog) {
		l.Warn("changes of log.format, log.file and log.syslog take effect at the next start")
	}
}

// SetLevel changes the level until the next [Logger.Follow] and returns the
// previous one.
func (l *Logger) SetLevel(level slog.Level) (previous slog.Level) {
	previous = l.level.Level()
	l.level.Set(level)
	return previous
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// Close sends what still waits for syslog and for standard error, for two
// seconds at most each, and closes the file. What is logged afterwards only reaches standard error.
func (l *Logger) Close() error {
	var errs []error
	if l.syslog != nil {
		l.syslog.close()
	}
	if l.file != nil {
		errs = append(errs, l.file.Close())
	}
	if l.stderr != nil {
		l.stderr.close()
	}
	return errors.Join(errs...)
}

// levelOf returns the level by its name in the configuration. trace and err
// are consul-template's spellings.
func levelOf(name string) slog.Level {
	switch name {
	case "debug", "trace":
		return slog.LevelDebug
	case "warn":
		return slog.LevelWarn
	case "error", "err":
		return slog.LevelError
	}
	return slog.LevelInfo
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
