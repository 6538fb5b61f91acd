package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/admin"
)

// vitals is the health of an instance that a test decides.
type vitals struct{ live, ready bool }

func (v vitals) Live() admin.Verdict {
	return admin.VerdictOf(admin.Part{Name: "loop", OK: v.live, Detail: "turned 2s ago"})
}

func (v vitals) Ready() admin.Verdict {
	return admin.VerdictOf(admin.Part{Name: "config", OK: true}, admin.Part{Name: "set web", OK: v.ready, Detail: "waits"})
}

// pushing delivers metrics in no time.
type pushing struct {
	elapsed int64
	err     error
}

func (p pushing) Push(context.Context) (int64, error) { return p.elapsed, p.err }

// open serves a site at an address of the test's own and returns that.
func open(t *testing.T, o admin.SiteOptions) string {
	t.Helper()
	return openAt(t, "unix:"+filepath.Join(t.TempDir(), "s"), 0o600, o)
}

func openAt(t *testing.T, address string, mode os.FileMode, o admin.SiteOptions) string {
	t.Helper()
	d, err := admin.OpenDoor(address, mode)
	if err != nil {
		t.Fatal(err)
	}
	if o.Health == nil {
		o.Health = vitals{true, true}
	}
	o.Status, o.Log = new(recording), slog.New(slog.DiscardHandler)
	s := admin.ServeSite(d, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return address
}

func visit(t *testing.T, address, page string) (string, bool) {
	t.Helper()
	text, good, err := admin.Visit(t.Context(), address, page)
	if err != nil {
		t.Fatal(err)
	}
	return text, good
}

func TestHealthIsOneWord(t *testing.T) {
	for _, c := range []struct {
		is    vitals
		pages []string
		text  string
		good  bool
	}{
		{vitals{true, false}, []string{"/livez", "/healthz", "/-/healthy"}, "live\n", true},
		{vitals{false, true}, []string{"/livez", "/healthz", "/-/healthy"}, "stuck\n", false},
		{vitals{false, true}, []string{"/readyz", "/-/ready"}, "ready\n", true},
		{vitals{true, false}, []string{"/readyz", "/-/ready"}, "unready\n", false},
		{vitals{true, false}, []string{"/readyz?verbose", "/-/ready?verbose"}, "[+] config\n[-] set web: waits\nunready\n", false},
	} {
		at := open(t, admin.SiteOptions{Health: c.is})
		for _, page := range c.pages {
			if text, good := visit(t, at, page); text != c.text || good != c.good {
				t.Errorf("%s says %q, %t", page, text, good)
			}
		}
	}
}

func TestMetricsAndStatusAreShown(t *testing.T) {
	at := open(t, admin.SiteOptions{Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") })})
	if text, good := visit(t, at, "/metrics"); !good || text != "up 1\n" {
		t.Errorf("%q", text)
	}
	if text, good := visit(t, at, "/status"); !good || !strings.HasPrefix(text, `{"version":"1"`) {
		t.Errorf("%q", text)
	}
	if text, good := visit(t, at, "/"); !good || !strings.Contains(text, "/readyz") {
		t.Errorf("%q", text)
	}
	for _, page := range []string{"/debug/pprof/", "/v1/status", "/x"} {
		if text, good := visit(t, at, page); good {
			t.Errorf("%s says %q", page, text)
		}
	}
}

// post asks with any method and returns the status and the text.
func post(t *testing.T, address, method, page string, header ...string) (int, string) {
	t.Helper()
	path, _ := strings.CutPrefix(address, "unix:")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://x"+page, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestNothingButAPushIsDoneOnDemand(t *testing.T) {
	at := open(t, admin.SiteOptions{Push: pushing{elapsed: -1}})
	for _, page := range []string{"/livez", "/readyz", "/status", "/-/ready"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			if code, text := post(t, at, method, page); code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d %s", method, page, code, text)
			}
		}
	}
	if code, _ := post(t, at, "GET", "/push"); code != http.StatusMethodNotAllowed {
		t.Errorf("GET /push: %d", code)
	}
	if code, text := post(t, at, "POST", "/push"); code != http.StatusOK || text != "-1\n" {
		t.Errorf("POST /push: %d %q", code, text)
	}
	if code, _ := post(t, at, "POST", "/push", "Origin", "http://elsewhere", "Sec-Fetch-Site", "cross-site"); code != http.StatusForbidden {
		t.Errorf("a page in a browser gets %d", code)
	}
	if code, text := post(t, open(t, admin.SiteOptions{Push: pushing{err: errors.New("stopping")}}), "POST", "/push"); code != http.StatusServiceUnavailable || text != "stopping\n" {
		t.Errorf("%d %q", code, text)
	}
	if code, _ := post(t, open(t, admin.SiteOptions{}), "POST", "/push"); code != http.StatusNotFound {
		t.Errorf("without targets: %d", code)
	}
}

func TestSocketOfTheSiteHasItsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	openAt(t, "unix:"+path, 0o660, admin.SiteOptions{})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := admin.OpenDoor("unix:"+path, 0o600); !errors.Is(err, admin.ErrInUse) {
		t.Errorf("the door can be opened twice: %v", err)
	}
}

func TestPortInUseIsSaidOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, err = admin.OpenDoor(l.Addr().String(), 0)
	if err == nil || strings.Count(err.Error(), l.Addr().String()) != 1 {
		t.Errorf("%v", err)
	}
}

// TestVisitorsCannotTakeAllSlots: those who say nothing are cut off, and those
// who say too much are refused.
func TestVisitorsCannotTakeAllSlots(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, address, 0, admin.SiteOptions{})
	for range 64 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if text, good, err := admin.Visit(ctx, address, "/livez"); !good || text != "live\n" {
		t.Errorf("%q, %v", text, err)
	}
	if _, good, err := admin.Visit(ctx, address, "/livez?"+strings.Repeat("x", 20_000)); err == nil && good {
		t.Error("a long request is answered")
	}
}

func TestVisitSaysWhereNobodyIs(t *testing.T) {
	for _, address := range []string{"unix:" + filepath.Join(t.TempDir(), "none"), "127.0.0.1:1", "http://127.0.0.1:1/"} {
		if _, _, err := admin.Visit(t.Context(), address, "/livez"); err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// healthy is an instance that has a health.
type healthy struct {
	recording
	vitals
}

func TestControlSocketTellsTheHealth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	socket, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := admin.Serve(socket, &healthy{vitals: vitals{live: true}}, admin.NewEvents(), slog.New(slog.DiscardHandler))
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := admin.NewClient(path)
	live, err := c.Live(t.Context())
	if err != nil || !live.OK || len(live.Parts) != 1 {
		t.Errorf("%+v, %v", live, err)
	}
	ready, err := c.Ready(t.Context())
	if err != nil || ready.OK || fmt.Sprint(ready.Parts) != "[{config true } {set web false waits}]" {
		t.Errorf("%+v, %v", ready, err)
	}
}
