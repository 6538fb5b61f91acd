package admin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"concierge/internal/admin"
)

// recording is an instance that does nothing and says what it was asked.
type recording struct {
	asked chan string
	err   error
	calls atomic.Int64
	hold  chan struct{} // if not nil, answers wait until it is closed or the request ends
	given atomic.Int64  // requests that ended before their answer
}

func (r *recording) do(ctx context.Context, format string, args ...any) error {
	r.calls.Add(1)
	select {
	case r.asked <- fmt.Sprintf(format, args...):
	default:
	}
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			r.given.Add(1)
			return ctx.Err()
		}
	}
	return r.err
}

func (r *recording) Status(ctx context.Context) (admin.Status, error) {
	return admin.Status{Version: "1", Sets: []admin.Set{{Name: "a\"\x1b"}}}, r.do(ctx, "status")
}
func (r *recording) Reload(ctx context.Context) error { return r.do(ctx, "reload") }
func (r *recording) Restart(ctx context.Context, job string) error {
	return r.do(ctx, "restart %s", job)
}
func (r *recording) Signal(ctx context.Context, job string, sig syscall.Signal) error {
	return r.do(ctx, "signal %s %d", job, int(sig))
}
func (r *recording) Retry(ctx context.Context) ([]string, error) {
	return []string{"web"}, r.do(ctx, "retry")
}

func (r *recording) Maintenance(ctx context.Context, on bool) (bool, error) {
	return true, r.do(ctx, "maintenance %t", on)
}
func (r *recording) LogLevel(ctx context.Context, level slog.Level) (slog.Level, error) {
	return slog.LevelWarn, r.do(ctx, "level %s", level)
}

// served is a server with its client.
type served struct {
	*admin.Client
	path     string
	instance *recording
	events   *admin.Events
	close    func() error
}

func serve(t *testing.T, r *recording) served {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	r.asked = make(chan string, 16)
	events := admin.NewEvents()
	server := admin.Serve(listen(t, path), r, events, slog.New(slog.DiscardHandler))
	closing := sync.OnceValue(server.Close)
	t.Cleanup(func() { _ = closing() })
	return served{admin.NewClient(path), path, r, events, closing}
}

func TestClientAndServerUnderstandEachOther(t *testing.T) {
	s := serve(t, new(recording))
	if st, err := s.Status(t.Context()); err != nil || st.Version != "1" || st.Sets[0].Name != "a\"\x1b" {
		t.Errorf("status %+v, %v", st, err)
	}
	if sets, err := s.Retry(t.Context()); err != nil || len(sets) != 1 || sets[0] != "web" {
		t.Errorf("retried %v, %v", sets, err)
	}
	if changed, err := s.Maintenance(t.Context(), true); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
	if old, err := s.LogLevel(t.Context(), slog.LevelDebug); err != nil || old != slog.LevelWarn {
		t.Errorf("previous %v, %v", old, err)
	}
	err := errors.Join(s.Reload(t.Context()), s.Restart(t.Context(), "a b/c?d%"), s.Signal(t.Context(), "web", syscall.SIGUSR1))
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"status", "retry", "maintenance true", "level DEBUG", "reload", "restart a b/c?d%", "signal web 10"} {
		if got := <-s.instance.asked; got != want {
			t.Errorf("it was asked %q, want %q", got, want)
		}
	}
}

func TestErrorsOfTheInstanceReachTheClient(t *testing.T) {
	for err, code := range map[error]int{
		errors.New("no such file"):                                  http.StatusUnprocessableEntity,
		fmt.Errorf("asking: %w", admin.ErrStopping):                 http.StatusServiceUnavailable,
		fmt.Errorf("asking: %w", context.DeadlineExceeded):          http.StatusGatewayTimeout,
		&admin.UnknownJobError{Job: "x", Known: []string{"a", "b"}}: 0,
	} {
		s := serve(t, &recording{err: err})
		got := s.Restart(t.Context(), "x")
		if unknown, ok := errors.AsType[*admin.UnknownJobError](got); ok {
			if code != 0 || unknown.Job != "x" || len(unknown.Known) != 2 {
				t.Errorf("%v came out as %+v", err, unknown)
			}
			continue
		}
		answer, ok := errors.AsType[*admin.AnswerError](got)
		if !ok || answer.Code != code || code == http.StatusUnprocessableEntity && answer.Text != err.Error() {
			t.Errorf("%v came out as %#v, want code %d", err, got, code)
		}
	}
}

func TestThousandRequestsAtOnceAreAllAnswered(t *testing.T) {
	s := serve(t, new(recording))
	const clients, each = 250, 4
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			c := admin.NewClient(s.path) // with connections of its own
			var together sync.WaitGroup
			for range each {
				together.Go(func() {
					if _, err := c.Status(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			together.Wait()
		})
	}
	asking.Wait()
	if n := s.instance.calls.Load(); n != clients*each {
		t.Errorf("the instance was asked %d times", n)
	}
}

// raw sends bytes and returns all that comes back.
func raw(t *testing.T, path, text string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.WriteString(conn, text) }() // the other end may stop reading
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	var b strings.Builder
	_, err = io.Copy(&b, conn)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		t.Errorf("the server keeps a connection for %.40q", text)
	}
	return b.String()
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	s := serve(t, new(recording))
	post := func(path, body string) string {
		method := "PUT"
		if strings.Contains(path, "jobs") {
			method = "POST"
		}
		return fmt.Sprintf("%s /v1/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	}
	for text, want := range map[string]string{
		"nonsense\r\n\r\n": "400",
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":                                                     "404",
		"GET /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":                                            "40",
		"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n":                       "431",
		"PUT /v1/maintenance HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + strings.Repeat(" ", 64<<10): "413",
		"PUT /v1/maintenance HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n":                        "400",
		post("maintenance", `{"on":"yes"}`):                                                                          "400",
		post("maintenance", `{}`):                                                                                    "400",
		post("maintenance", `{"on":true,"more":1}`):                                                                  "400",
		post("maintenance", `{"on":true}{}`):                                                                         "400",
		post("maintenance", `{"on":`):                                                                                "400",
		post("maintenance", ``):                                                                                      "400",
		post("log-level", `{"level":"loud"}`):                                                                        "400",
		post("log-level", `{}`):                                                                                      "400",
		post("jobs/x/signal", `{"signal":0}`):                                                                        "400",
		post("jobs/x/signal", `{"signal":65}`):                                                                       "400",
		post("jobs/x/signal", `{"signal":-1}`):                                                                       "400",
	} {
		if got := raw(t, s.path, text); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%.120q is answered %.120q, want %s", text, got, want)
		}
	}
	if n := s.instance.calls.Load(); n != 0 {
		t.Errorf("the instance was asked %d times", n)
	}
}

// TestClientsThatSendNothingDoNotKeepOthersOut fills every slot with clients
// that never finish a request.
func TestClientsThatSendNothingDoNotKeepOthersOut(t *testing.T) {
	t.Parallel()
	s := serve(t, new(recording))
	for _, begin := range []string{"", "GET /v1/st", "PUT /v1/maintenance HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"} {
		for range 64 {
			conn, err := net.Dial("unix", s.path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, begin); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := s.Status(ctx); err != nil {
		t.Error(err)
	}
}

// TestClientThatGivesUpIsNotServed: an instance that is busy hears of it.
func TestClientThatGivesUpIsNotServed(t *testing.T) {
	s := serve(t, &recording{hold: make(chan struct{})})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Reload(ctx)
	if _, none := errors.AsType[*admin.NoInstanceError](err); !none || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.path) {
		t.Errorf("error %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.instance.given.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the instance goes on with it")
		}
	}
}

// TestAnswerMayTakeLongerThanARequest: the bound of sending is not one of
// waiting.
func TestAnswerMayTakeLongerThanARequest(t *testing.T) {
	t.Parallel()
	r := &recording{hold: make(chan struct{})}
	s := serve(t, r)
	time.AfterFunc(4*time.Second, func() { close(r.hold) })
	if err := s.Reload(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEndLetsAnAnswerGoOutAndNoMoreIn(t *testing.T) {
	r := &recording{hold: make(chan struct{})}
	s := serve(t, r)
	answered := make(chan error, 1)
	go func() { answered <- s.Reload(t.Context()) }()
	<-r.asked
	time.AfterFunc(100*time.Millisecond, func() { close(r.hold) })
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("the last answer was lost: %v", err)
	}
	if _, none := errors.AsType[*admin.NoInstanceError](s.Reload(t.Context())); !none {
		t.Error("it is served after its end")
	}
}

func TestClientTriesEachPath(t *testing.T) {
	s := serve(t, new(recording))
	dir := t.TempDir()
	absent, gone := filepath.Join(dir, "absent"), filepath.Join(dir, "gone")
	dead(t, gone)
	if _, err := admin.NewClient(absent, gone, s.path).Status(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := admin.NewClient(absent, gone).Status(t.Context())
	none, ok := errors.AsType[*admin.NoInstanceError](err)
	if !ok || len(none.Tried) != 2 || !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, syscall.ENOENT) {
		t.Errorf("error %v", err)
	}
	for _, path := range []string{absent, gone} {
		if strings.Count(err.Error(), path) != 1 {
			t.Errorf("%q does not name %s once", err, path)
		}
	}
}

func TestServerThatIsNoInstanceIsNotBelieved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, "220 mail.example.org ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	_, err = admin.NewClient(path).Status(t.Context())
	if _, none := errors.AsType[*admin.NoInstanceError](err); !none {
		t.Errorf("error %v", err)
	}
}
