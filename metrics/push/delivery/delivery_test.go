package delivery_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
)

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func newClient(t *testing.T, o delivery.Options) *delivery.Client {
	t.Helper()
	c, err := delivery.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func post(body string) delivery.Request {
	return delivery.Request{Method: http.MethodPost, Type: "text/plain", Body: []byte(body)}
}

func TestAHungServerIsATimeout(t *testing.T) {
	for name, answer := range map[string]func(net.Conn){
		"silent":      func(net.Conn) {},
		"half a line": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200") },
		"half a body": func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		c := newClient(t, delivery.Options{URL: "http://" + listen(t, answer)})
		if _, _, err := c.Do(ctx, post("x")); metrics.Elapsed(time.Second, err) != -1 {
			t.Errorf("%s: the error is %v", name, err)
		}
		cancel()
	}
}

// listen answers each connection once something arrived, and leaves it open.
func listen(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 4096))
			answer(conn)
		}
	}()
	return l.Addr().String()
}

func TestACancelledRequestIsNoTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient(t, delivery.Options{URL: serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })})
	if _, _, err := c.Do(ctx, post("")); !errors.Is(err, context.Canceled) || errors.Is(err, metrics.ErrTimeout) {
		t.Errorf("the error is %v", err)
	}
}

func TestAnEndlessAnswerIsCutAndItsServerLeft(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for line := []byte(strings.Repeat("x", 1<<16)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	a, _, err := newClient(t, delivery.Options{URL: url, MaxAnswer: 1000}).Do(t.Context(), post("x"))
	if err != nil || len(a.Body) != 1000 || !a.Cut {
		t.Errorf("%d bytes of the answer were kept, %v", len(a.Body), err)
	}
}

func TestAnEndlessHeaderIsAFailure(t *testing.T) {
	addr := listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		for range 1000 {
			_, _ = io.WriteString(c, "X: "+strings.Repeat("x", 1000)+"\r\n")
		}
	})
	if _, _, err := newClient(t, delivery.Options{URL: "http://" + addr}).Do(t.Context(), post("x")); err == nil {
		t.Error("it was read")
	}
}

func TestRedirectionsAreNotFollowed(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, status) })
		a, _, err := newClient(t, delivery.Options{URL: url}).Do(t.Context(), post("x"))
		if err != nil || a.Status != status || !strings.Contains(a.Unexpected("").Error(), "write the last URL that it leads to") {
			t.Errorf("%d: status %d, %v", status, a.Status, err)
		}
	}
}

func TestErrorsHoldNoSecretEvenIfTheServerEchoesIt(t *testing.T) {
	var got http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.WriteHeader(http.StatusForbidden)
		for _, values := range r.Header {
			_, _ = io.WriteString(w, strings.Join(values, " ")+" ")
		}
		_, _ = io.WriteString(w, r.URL.String()+" "+r.URL.Query().Get("key"))
	})
	o := delivery.Options{
		URL: strings.Replace(url, "http://", "http://me:pass-1@", 1) + "/?key=query-2", Headers: map[string]string{"X-Key": "header-3"},
		Secrets: map[string]func() (string, error){"X-File": func() (string, error) { return "file-4", nil }},
	}
	c := newClient(t, o)
	a, _, err := c.Do(t.Context(), post("x"))
	if err != nil {
		t.Fatal(err)
	}
	if user, password, _ := (&http.Request{Header: got}).BasicAuth(); user != "me" || password != "pass-1" || got.Get("X-Key") != "header-3" || got.Get("X-File") != "file-4" {
		t.Errorf("the server got %v", got)
	}
	text := c.String() + a.Unexpected(a.Text()).Error()
	for _, secret := range []string{"pass-1", "query-2", "header-3", "file-4", strings.TrimPrefix(got.Get("Authorization"), "Basic ")} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in %s", secret, text)
		}
	}
}

func TestErrorsOfBrokenAnswersHoldNoSecret(t *testing.T) {
	for name, write := range map[string]func(c net.Conn, line string){
		"first line": func(c net.Conn, line string) { _, _ = io.WriteString(c, line+"\r\n\r\n") },
		"header":     func(c net.Conn, line string) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+line+"\r\n\r\n") },
		"location": func(c net.Conn, line string) {
			_, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://other:pass-3@%zz/?key=query-2&more=query-4\r\n\r\n")
		},
	} {
		addr := listen(t, func(c net.Conn) {
			write(c, "POST /p?key=query-2 pass-1")
			_ = c.Close()
		})
		c := newClient(t, delivery.Options{URL: "http://me:pass-1@" + addr + "/p?key=query-2"})
		_, _, err := c.Do(t.Context(), post("x"))
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, secret := range []string{"pass-", "query-"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %s is in %v", name, secret, err)
			}
		}
	}
}

func TestStagesSayWhereTheTimeWent(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
			return
		}
		time.Sleep(50 * time.Millisecond)
	})
	a, _, err := newClient(t, delivery.Options{URL: url}).Do(t.Context(), post("x"))
	if took := a.Took; err != nil || took.Connect <= 0 || took.Send <= 0 || took.Wait < 30*time.Millisecond {
		t.Errorf("it took %+v, %v", took, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	a, _, err = newClient(t, delivery.Options{URL: url + "/hang"}).Do(ctx, post("x"))
	if took := a.Took; err == nil || took.Wait < 50*time.Millisecond {
		t.Errorf("it took %+v, %v", took, err)
	}
}

func TestAFailedConnectionNamesNoUser(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	c := newClient(t, delivery.Options{URL: "http://me:word@" + l.Addr().String()})
	_, left, err := c.Do(t.Context(), post("x"))
	if err == nil || strings.Contains(err.Error(), "word") || left != 0 || metrics.Elapsed(time.Second, err) != 0 {
		t.Errorf("%d bytes left; %v", left, err)
	}
}

func TestATokenFileIsReadForEachRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	var got string
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") })
	c := newClient(t, delivery.Options{URL: url, Token: delivery.File(path)})
	if _, _, err := c.Do(t.Context(), post("x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the file the error is %v", err)
	}
	for _, token := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Do(t.Context(), post("x")); err != nil || got != "Bearer "+token {
			t.Errorf("the server got %q, %v", got, err)
		}
	}
	if err := os.WriteFile(path, make([]byte, 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Do(t.Context(), post("x")); err == nil {
		t.Error("a large file was sent as a token")
	}
}

func TestUnixSocketsAndOneConnection(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var connections atomic.Int32
	var asked []string
	s := &httptest.Server{Listener: l, Config: &http.Server{
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.URL.EscapedPath()) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		},
	}}
	s.Start()
	defer s.Close()
	c := newClient(t, delivery.Options{URL: "unix:" + socket + ":/base/"})
	for _, path := range []string{"", "/a%2Fb"} {
		r := post("body")
		r.Path = path
		if a, left, err := c.Do(t.Context(), r); err != nil || a.Status != 200 || left != 4 {
			t.Errorf("status %d, %d bytes left, %v", a.Status, left, err)
		}
	}
	if connections.Load() != 1 || strings.Join(asked, " ") != "/base/ /base/a%2Fb" {
		t.Errorf("%d connections for %q", connections.Load(), asked)
	}
}

func TestRetryAfterIsReadAndBounded(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999999999": 0, "9999999999": time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
		now.AddDate(9, 0, 0).Format(http.TimeFormat): time.Hour,
	} {
		a := delivery.Answer{Header: http.Header{"Retry-After": {text}}}
		if got := a.RetryAfter(now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestBadSettingsAreFoundWithoutQuotingThem(t *testing.T) {
	token := func() (string, error) { return "", nil }
	for name, o := range map[string]delivery.Options{
		"no URL": {}, "a scheme": {URL: "ftp://me:word@host/"}, "no host": {URL: "http://"}, "control": {URL: "http://me:word@ho\nst/"},
		"no socket": {URL: "unix:word"}, "two ways": {URL: "http://me:word@host", Token: token}, "limit": {URL: "http://h", MaxAnswer: -1},
	} {
		if _, err := delivery.New(o); err == nil || strings.Contains(err.Error(), "me:word") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestAHungServerLeavesNoGoroutine(t *testing.T) {
	c := newClient(t, delivery.Options{URL: "http://" + listen(t, func(net.Conn) {})})
	before := runtime.NumGoroutine()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, _, _ = c.Do(ctx, post("x"))
		cancel()
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+4; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines became %d", before, runtime.NumGoroutine())
		}
	}
}
