package consultemplate_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/exit"
	"concierge/internal/testserver"
)

// broken are files that cannot be used, and the message that users read. What
// the real consul-template makes of them is compared as well: it must end with
// the same status, unless lenient says that it is accepted here on purpose.
var broken = []struct {
	text    string
	want    string // empty if it is accepted
	lenient bool
}{
	{text: `template { contents = "x" destination = "out" }`},
	{text: `{"template": {"contents": "x", "destination": "out"}}`},
	{text: `{"log_level": "info", }`},
	{text: "log_level = \"info\"\nlog_level = \"warn\""},
	{text: `consul = "localhost:1"`},
	{text: `kill_signal = ""`},
	{text: `perms = 5`, want: `c.hcl:1:1: "perms" is not a known key; did you mean template.perms?`},
	{text: `token = "s3cret"`, want: `c.hcl:1:1: "token" is not a known key; did you mean consul.token?`},
	{text: `consul { adress = "x" }`, want: `c.hcl:1:10: consul: "adress" is not a known key; did you mean address?`},
	{text: `template { src = "x" }`, want: `c.hcl:1:12: template[0]: "src" is not a known key; known here: source, contents, `},
	{text: `template "x" { contents = "x" }`, want: `c.hcl:1:10: template[0]: "x" is not a known key; known here: source, contents, `},
	{text: `log_level = "loud"`, want: `c.hcl:1:1: log_level: "loud" is not one of trace, debug, info, warn, err; write for example info`},
	{text: `log_level = "error"`, want: `c.hcl:1:1: log_level: "error" is not one of trace, debug, info, warn, err; did you mean err?`},
	{text: `max_stale = "5"`, want: `c.hcl:1:1: max_stale: "5" is a duration without a unit; write 5s for seconds`},
	{text: `wait = "5s:1s"`, want: `c.hcl:1:1: wait: has a max that is less than min; write for example 5s:20s`},
	{text: `wait = ""`, want: `c.hcl:1:1: wait: is not min or min:max; write for example 5s:20s`},
	{text: `kill_signal = "SIGNONE"`, want: `c.hcl:1:1: kill_signal: "SIGNONE" is not a signal; write a name such as SIGHUP or SIGTERM`},
	{text: `syslog = true`, want: `c.hcl:1:1: syslog: is a single value; write syslog { … }`},
	{text: `exec = "x"`, want: `c.hcl:1:1: exec: is a single value; write exec { … }`},
	{text: `consul { retry = "5s" }`, want: `c.hcl:1:10: consul.retry: is a single value; write retry { … }`},
	{text: `template { perms = "99" }`, want: `c.hcl:1:12: template[0].perms: "99" is not an octal mode; write for example 0644`},
	{text: `template {`, want: `c.hcl:2:2: the document cannot be parsed: object expected closing RBRACE got: EOF; check quotes and braces`},
	{text: `[]`, want: `c.hcl:1:1: the document cannot be parsed: expected: IDENT | STRING | ASSIGN | LBRACE got: LBRACK; check quotes and braces`},

	{text: `template { destination = "out" }`, want: `c.hcl:1:1: template[0]: has neither source nor contents; add source, the path of the template`},
	{text: `template { contents = "" destination = "out" }`, want: `c.hcl:1:1: template[0]: has neither source nor contents; add source, the path of the template`},
	{text: `template { contents = "x" source = "y" }`, want: `c.hcl:1:1: template[0]: has both source and contents; keep one of them`},
	{text: `template { source = "/nowhere/x" destination = "out" }`, want: `c.hcl:1:12: templates[0].source: "/nowhere/x" cannot be read: no such file or directory; check the path, which starts at the working directory, and its permissions`},
	{text: `template { contents = "x" }`, want: `c.hcl:1:1: templates[0]: has no destination; add destination, the path of the file to write`},
	{text: `consul { ssl { ca_cert = "/nowhere/x" } }`, want: `c.hcl:1:16: sources.consul.tls.ca_file: "/nowhere/x" cannot be read: no such file or directory; check the path, which starts at the working directory, and its permissions`},
	{text: `template { contents = "x" destination = "out" user = "no such" }`, want: `c.hcl:1:47: templates[0].user: "no such" is not a name or number of a user or group; write one name or number; user and group are two settings`},

	// accepted on purpose
	{text: `consul { address = 5 }`, lenient: true},
	{text: `consul { auth = "u:p" }`, lenient: true},
	{text: `consul { retry { attempts = "5" } }`, lenient: true},
	{text: `nomad { retry { attempts = 1 } }`, lenient: true},
	{text: `wait { enabled = true min = "1s" }`, lenient: true},
	{text: `parse_only = true`, lenient: true},
	{text: `kill_signal = "INT"`, lenient: true},
}

func TestBrokenFilesHaveTheirMessageAndStatus(t *testing.T) {
	real := testserver.Binary(t, "consul-template")
	for _, c := range broken {
		message, status := failure(t, c.text+"\n")
		if want := c.want; !strings.HasPrefix(message, want) || want == "" && message != "" {
			t.Errorf("%s\n got %s\nwant %s", c.text, message, want)
		}
		if strings.Contains(message, "s3cret") {
			t.Errorf("a secret is in %s", message)
		}
		if its := realStatus(t, real, c.text); its != status && !c.lenient || c.lenient && its != exit.Config {
			t.Errorf("%s: status %d, but %d of the real one", c.text, status, its)
		}
	}
}

func TestPathsThatAreNoFilesHaveTheStatusOfTheRealOne(t *testing.T) {
	real := testserver.Binary(t, "consul-template")
	for _, path := range []string{"/nowhere/x.hcl", "/dev/null"} {
		its := run(t, t.TempDir(), real, "-once", "-config", path)
		if _, status := failure(t, "", "-config", path); status != exit.Config || its != status {
			t.Errorf("%s: status %d, but %d of the real one", path, status, its)
		}
	}
}

func TestWrongUsageHasTheStatusOfTheRealOne(t *testing.T) {
	real := testserver.Binary(t, "consul-template")
	for _, arg := range []string{"-onc", "x", "-once=perhaps", "-wait=x", "-max-stale=1", "-kill-signal=X", "-config"} {
		its := run(t, t.TempDir(), real, arg)
		if _, status := failure(t, "", arg); status != exit.Usage || its != status {
			t.Errorf("%s: status %d, but %d of the real one", arg, status, its)
		}
	}
}

// realStatus lets the real program try a file.
func realStatus(t *testing.T, program, text string) int {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.hcl"), []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return run(t, dir, program, "-once", "-config", "c.hcl")
}

func run(t *testing.T, dir, program string, args ...string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	err := cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() > 0 {
		return e.ExitCode()
	}
	if err != nil {
		t.Fatalf("%s %v: %v", program, args, err)
	}
	return exit.OK
}
