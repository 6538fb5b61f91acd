package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"concierge/internal/config"
)

// project makes a directory with the files given as name, text, …
func project(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, o config.Options) *config.Config {
	t.Helper()
	c, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const full = `
log: {level: debug, format: json}
sources:
  default: consul
  consul: {address: "10.0.0.1:8500", token: s3cret-token, tls: {ca_file: ca.pem}}
  etcd: {endpoints: [a:2379, b:2379], username: u, password_file: pw}
  file: {path: keys, rescan: 1m}
secrets:
  vault: {address: "http://vault:8200", token_file: vt}
wait: {min: 2s}
templates:
  - source: app.ctmpl
    destination: out/app.yml
    mode: "0640"
    user: 1000
    set: app
    check: {command: [nginx, -t, -c, "{{path}}"]}
    on_change: {signal: usr1}
  - contents: hello
    destination: /tmp/hello
    delimiters: {left: "<<"}
    wait: {min: 0s}
    on_change: {command: [true-ish, x]}
  - {contents: x, destination: other, mode: 0600}
env:
  - {name: PORT, value: 8080}
  - {name: EMPTY, value: ""}
env_prefix:
  - app/env
  - {path: etcd:more, prefix: M_, upcase: false}
process:
  command: [nginx, -g, daemon off;]
  reload: {signal: SIGHUP}
  environment: {deny: ["AWS_*"]}
`

func TestFullConfigurationIsReadWithDefaults(t *testing.T) {
	dir := project(t, "concierge.yaml", full, "app.ctmpl", "", "ca.pem", "")
	c := load(t, config.Options{Path: dir + "/concierge.yaml", Running: true})
	for _, check := range []struct {
		what      string
		got, want any
	}{
		{"relative source", c.Templates[0].Source, dir + "/app.ctmpl"},
		{"relative destination", c.Templates[0].Destination, dir + "/out/app.yml"},
		{"absolute destination", c.Templates[1].Destination, "/tmp/hello"},
		{"relative ca file", c.Sources.Consul.TLS.CAFile, dir + "/ca.pem"},
		{"mode", c.Templates[0].Mode, os.FileMode(0o640)},
		{"mode without quotes", c.Templates[2].Mode, os.FileMode(0o600)},
		{"user as number", c.Templates[0].User, "1000"},
		{"signal", c.Templates[0].OnChange[0].Signal.String(), "USR1"},
		{"check timeout", c.Templates[0].Check.Timeout, 30 * time.Second},
		{"command timeout", c.Templates[1].OnChange[0].Command.Timeout, 30 * time.Second},
		{"left delimiter", c.Templates[1].Delimiters.Left, "<<"},
		{"right delimiter", c.Templates[1].Delimiters.Right, "}}"},
		{"inherited wait", *c.Templates[0].Wait, config.Wait{Min: 2 * time.Second, Max: 8 * time.Second}},
		{"own wait", *c.Templates[1].Wait, config.Wait{}},
		{"default action", c.Templates[2].OnChange[0].Kind, config.ActionReload},
		{"create_dirs", *c.Templates[0].CreateDirs, true},
		{"write", c.Templates[0].Write, "rename"},
		{"stop signal", c.Process.Stop.Signal.String(), "TERM"},
		{"stop timeout", c.Process.Stop.Timeout, 10 * time.Second},
		{"env", c.Env[0].Value, "8080"},
		{"short env_prefix", c.EnvPrefix[0].Path, "app/env"},
		{"upcase default", *c.EnvPrefix[0].Upcase, true},
		{"upcase", *c.EnvPrefix[1].Upcase, false},
		{"token", c.Sources.Consul.Token.Reveal(), "s3cret-token"},
		{"refresh", c.Secrets.Vault.Refresh, 5 * time.Minute},
		{"place", c.Where("templates[0].mode"), dir + "/concierge.yaml:14:11"},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.what, check.got, check.want)
		}
	}
}
