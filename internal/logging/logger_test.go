package logging

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
)

func TestEveryDestinationGetsEveryMessage(t *testing.T) {
	dir := t.TempDir()
	r := receiveDatagrams(t, "unixgram", socketPath(t))
	cfg := toSyslog(r.address, "rfc3164")
	cfg.File = &config.LogFile{Path: filepath.Join(dir, "app.log")}
	log, stderr := start(t, cfg)
	log.Info("shared", "n", 1)
	log.Beyond.Info("for the record")
	if got := r.await(t, 2); !strings.HasSuffix(got[0], "msg=shared n=1") || !strings.HasSuffix(got[1], `"for the record"`) {
		t.Errorf("syslog has %q", got)
	}
	if got := files(t, dir)[0]; !strings.Contains(got, "msg=shared n=1") || !strings.Contains(got, "for the record") {
		t.Errorf("the file has %q", got)
	}
	if got := stderr.String(); !strings.Contains(got, "msg=shared n=1") || strings.Contains(got, "for the record") {
		t.Errorf("standard error has %q", got)
	}
}

func TestAllDestinationsFollowTheLevelOfAReload(t *testing.T) {
	r := receiveDatagrams(t, "unixgram", socketPath(t))
	cfg := toSyslog(r.address, "rfc3164")
	cfg.Level = "warn"
	log, stderr := start(t, cfg)
	derived := log.With("component", "x")
	derived.Info("quiet")
	cfg.Level = "trace" // consul-template's name of debug
	log.Follow(cfg)
	derived.Debug("loud")
	if got := r.await(t, 1); len(got) != 1 || !strings.Contains(got[0], "loud") {
		t.Errorf("syslog has %q", got)
	}
	if got := stderr.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") || strings.Contains(got, "next start") {
		t.Errorf("standard error has %q", got)
	}
}

func TestAReloadThatChangesADestinationIsToldToNeedAStart(t *testing.T) {
	for name, change := range map[string]func(*config.Log){
		"no syslog": func(c *config.Log) { c.Syslog = nil },
		"format":    func(c *config.Log) { c.Format = "json" },
		"file":      func(c *config.Log) { c.File = &config.LogFile{Path: "x"} },
		"tag":       func(c *config.Log) { c.Syslog = &config.Syslog{Facility: "LOCAL0", Tag: "other", Format: "rfc3164"} },
	} {
		cfg := toSyslog("unix://"+socketPath(t), "rfc3164")
		log, stderr := start(t, cfg)
		change(&cfg)
		log.Follow(cfg)
		if !strings.Contains(stderr.String(), "take effect at the next start") {
			t.Errorf("%s: standard error has %q", name, stderr)
		}
	}
}

func TestWithoutOtherDestinationsBeyondGoesNowhere(t *testing.T) {
	log, stderr := start(t, config.Log{Level: "info", Format: "text"})
	log.Beyond.Error("nobody hears")
	if stderr.String() != "" {
		t.Errorf("standard error has %q", stderr)
	}
}

func TestAnOutputThatIsNoTerminalGetsJSON(t *testing.T) {
	for format, want := range map[string]string{"auto": `"msg":"x"`, "json": `"msg":"x"`, "text": "msg=x"} {
		stderr := new(output)
		Stderr(stderr, config.Log{Format: format, Level: "info"}).Info("x")
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %s", format, stderr)
		}
	}
}

func TestLevelsHaveTheNamesOfBothTools(t *testing.T) {
	for name, want := range map[string]slog.Level{
		"trace": slog.LevelDebug, "debug": slog.LevelDebug, "info": slog.LevelInfo,
		"warn": slog.LevelWarn, "err": slog.LevelError, "error": slog.LevelError,
	} {
		if got := levelOf(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
