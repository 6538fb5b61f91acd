package endpoint_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
	"concierge/metrics/collect/program"
	"concierge/metrics/fixture"
)

func show(samples []metrics.Sample) string {
	var b strings.Builder
	for _, s := range samples {
		fmt.Fprintf(&b, "%s:%s=%s ", s.Group, s.Path(), s.Written())
	}
	return strings.TrimSpace(b.String())
}

// file is an endpoint on a file with the text.
func file(t *testing.T, text string, o endpoint.Options) *endpoint.Endpoint {
	t.Helper()
	path := filepath.Join(t.TempDir(), "metrics")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return endpoint.New(endpoint.File{Path: path}, o)
}

// refused checks that nothing was collected, and why.
func refused(t *testing.T, e *endpoint.Endpoint, reason endpoint.Reason, text string) {
	t.Helper()
	samples, err := e.Collect(t.Context(), []metrics.Sample{{Name: "before"}})
	switch {
	case err == nil:
		t.Errorf("no error, want %q", text)
	case !strings.Contains(err.Error(), text) || endpoint.ReasonOf(err) != reason:
		t.Errorf("error %q for reason %q, want %q for %q", err, endpoint.ReasonOf(err), text, reason)
	}
	if len(samples) != 1 || e.Size() != 0 && reason != endpoint.Unreadable && reason != endpoint.TooBig || len(err.Error()) > 500 {
		t.Errorf("%d samples, size %d, error of %d bytes", len(samples), e.Size(), len(err.Error()))
	}
}

func TestFormatIsFoundByLooking(t *testing.T) {
	for text, want := range map[string]string{
		` {"gauges":{"a":{"value":1}}}`: "gauges:a=1",
		"# TYPE a counter\na 1\n":       "counter:a=1",
		"{\"a b\"} 1\n":                 ":a b=1",
		"{\"a\\\"b\",c=\"d\"} 1\n":      `:a"b{c="d"}=1`,
		"{x=\"y\",\"a\"} 1\n":           `:a{x="y"}=1`,
		`{ "a" : 1}`:                    ":a=1",
		"{}":                            "",
		"":                              "",
		"# TYPE a counter\na_total 1 # {} 2\n# EOF\n": "counter:a_total=1",
	} {
		samples, err := file(t, text, endpoint.Options{}).Collect(t.Context(), nil)
		if got := show(samples); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", text, got, err, want)
		}
	}
	refused(t, file(t, "<!doctype html>", endpoint.Options{}), endpoint.Unreadable, "neither JSON nor Prometheus text")
}

func TestSpringBootsListOfNamesIsRefusedWithAHint(t *testing.T) {
	for _, text := range []string{
		`{"names":["jvm.memory.used","http.server.requests"]}`,
		` {"_links":{"self":{"href":"http://x/actuator","templated":false}}}`,
		`{"name":"jvm.memory.used","baseUnit":"bytes","measurements":[{"statistic":"VALUE","value":1}],"availableTags":[]}`,
	} {
		refused(t, file(t, text, endpoint.Options{}), endpoint.Unreadable, "read /actuator/prometheus instead")
	}
	for _, text := range []string{`{"names":1}`, `{"name":2}`, `{"name":{"a":3}}`, `{"name":"x","gauges":{"a":{"value":4}}}`} {
		if samples, err := file(t, text, endpoint.Options{}).Collect(t.Context(), nil); err != nil || len(samples) != 1 {
			t.Errorf("%s: %d samples, %v", text, len(samples), err)
		}
	}
}

func TestFormatSettingDecides(t *testing.T) {
	for name, text := range map[string]string{"dropwizard": "a 1", "actuator": "a 1", "prometheus": `{"a":1}`, "openmetrics": "a 1\n"} {
		format, err := endpoint.ParseFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, file(t, text, endpoint.Options{Format: format}), endpoint.Unreadable, "reading")
	}
	if f, err := endpoint.ParseFormat("auto"); f != endpoint.Auto || err != nil {
		t.Errorf("auto is %q, %v", f, err)
	}
	if _, err := endpoint.ParseFormat("xml"); err == nil || !strings.Contains(err.Error(), "write auto, dropwizard") {
		t.Errorf("error is %v", err)
	}
}

func TestDocumentIsKeptAsItWas(t *testing.T) {
	text := fixture.Dropwizard(2)
	e := file(t, text, endpoint.Options{Document: true})
	samples, err := e.Collect(t.Context(), nil)
	if err != nil || len(samples) < 2*fixture.DropwizardNumbers || string(e.Document()) != text || e.Size() != len(text) {
		t.Errorf("%d samples, %v, document of %d bytes", len(samples), err, len(e.Document()))
	}
	kept := e.Document()
	if _, err := e.Collect(t.Context(), nil); err != nil || string(kept) != text {
		t.Errorf("the document was changed by the next cycle, or %v", err)
	}
	e = file(t, "anything", endpoint.Options{Document: true, Format: endpoint.None})
	if samples, err = e.Collect(t.Context(), nil); err != nil || len(samples) != 0 || string(e.Document()) != "anything" {
		t.Errorf("%d samples, %v, document %q", len(samples), err, e.Document())
	}
	if e = file(t, text, endpoint.Options{}); e.Document() != nil {
		t.Error("a document nobody asked for is kept")
	}
}

func TestSamplesOutliveTheNextCycle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics")
	e := endpoint.New(endpoint.File{Path: path}, endpoint.Options{})
	var first []metrics.Sample
	for _, text := range []string{"first{a=\"b\"} 1\n", "other{c=\"d\"} 2\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		samples, err := e.Collect(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = samples
		}
	}
	if got := show(first); got != `:first{a="b"}=1` {
		t.Errorf("the first cycle's samples are now %s", got)
	}
}

func TestFileThatIsNoneIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "no regular file", dir: "no regular file", "/dev/zero": "no regular file", filepath.Join(dir, "none"): "no such file"} {
		refused(t, endpoint.New(endpoint.File{Path: path}, endpoint.Options{}), endpoint.Unreachable, want)
	}
}

func TestTooBigFileIsRefused(t *testing.T) {
	refused(t, file(t, strings.Repeat("a 1\n", 1000), endpoint.Options{MaxBody: 3999}), endpoint.TooBig, "more than 3999 bytes (see max_bytes)")
	refused(t, file(t, strings.Repeat("a 1\n", 1000), endpoint.Options{MaxSamples: 999}), endpoint.TooBig, "more than 999 samples")
	if samples, err := file(t, strings.Repeat("a 1\n", 1000), endpoint.Options{MaxBody: 4000, MaxSamples: 1000}).Collect(t.Context(), nil); err != nil || len(samples) != 1000 {
		t.Errorf("%d samples, %v; want as many as may be", len(samples), err)
	}
}

// runner runs programs as the supervisor does.
type runner struct{}

func (runner) Run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Run()
}

func shell(script string) endpoint.Command {
	return endpoint.Command{Program: program.Program{
		Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Runner: runner{},
	}}
}

func TestOutputOfAProgramIsRead(t *testing.T) {
	samples, err := endpoint.New(shell("echo 'a 1'; echo noise >&2"), endpoint.Options{}).Collect(t.Context(), nil)
	if show(samples) != ":a=1" || err != nil {
		t.Errorf("got %s, %v", show(samples), err)
	}
}

func TestFailedProgramIsRefused(t *testing.T) {
	silent := shell("echo 'secret' >&2; exit 1")
	silent.Silent = true
	for want, c := range map[string]endpoint.Command{
		`running "/bin/sh": exit status 3: why`: shell("echo 'a 1'; echo why >&2; exit 3"),
		"killed by signal 15":                   shell("kill $$"),
	} {
		refused(t, endpoint.New(c, endpoint.Options{}), endpoint.Refused, want)
	}
	_, err := endpoint.New(silent, endpoint.Options{}).Collect(t.Context(), nil)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %v", err)
	}
	missing := shell("")
	missing.Program.Command = []string{"/does/not/exist"}
	refused(t, endpoint.New(missing, endpoint.Options{}), endpoint.Unreachable, "no such file")
}

func TestEndlessProgramIsKilled(t *testing.T) {
	begun := time.Now()
	refused(t, endpoint.New(shell("trap '' PIPE; while :; do echo 'a 1'; done"), endpoint.Options{MaxBody: 10_000, Timeout: time.Hour}), endpoint.TooBig, "more than 10000 bytes")
	e := endpoint.New(shell("sleep 300"), endpoint.Options{Timeout: 100 * time.Millisecond})
	refused(t, e, endpoint.TimedOut, "not finished after 100ms (see its timeout setting)")
	if _, err := e.Collect(t.Context(), nil); !errors.Is(err, metrics.ErrTimeout) {
		t.Errorf("error %v is no timeout", err)
	}
	if took := time.Since(begun); took > 60*time.Second {
		t.Errorf("it took %v", took)
	}
}
