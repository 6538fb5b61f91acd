package storm

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// site is one server with its files and ports.
type site struct {
	software *software
	dir      string // of the configuration
	scratch  string // of what the server writes
	root     string // what it serves
	backend  string // host:port of what it stands before
	port     int
	// other and dead are free, and nobody listens there; taken is not free.
	other, dead, taken int
	client             *http.Client // makes a connection for each request
}

func newSite(t *testing.T, software *software) *site {
	t.Helper()
	base := t.TempDir()
	s := &site{
		software: software, dir: filepath.Join(base, "conf"), scratch: filepath.Join(base, "scratch"), root: filepath.Join(base, "root"),
		port: freePort(t), other: freePort(t), dead: freePort(t), taken: takenPort(t),
		client: &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	for _, dir := range []string{s.dir, s.scratch, s.root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"index.html", "health"} {
		write(t, filepath.Join(s.root, name), "well\n")
	}
	behind := httptest.NewServer(http.FileServer(http.Dir(s.root)))
	t.Cleanup(behind.Close)
	s.backend = behind.Listener.Addr().String()
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a port that nobody has, below those that the kernel gives
// to connections: one of those could take it while the server does not listen.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 10000 + rand.IntN(20000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port was found")
	return 0
}

func takenPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// install writes the files of a version, as a package ships them or an operator
// does by hand.
func (s *site) install(t *testing.T, v version) {
	t.Helper()
	for _, f := range s.software.files {
		write(t, filepath.Join(s.dir, f.name), s.rendered(f, v))
	}
}

var generationLine = regexp.MustCompile(`^# generation (\d+)\n`)

// onDisk returns the number that all files carry; 0 if they differ.
func (s *site) onDisk() int {
	number := ""
	for n, f := range s.software.files {
		text, err := os.ReadFile(filepath.Join(s.dir, f.name))
		found := generationLine.FindSubmatch(text)
		if err != nil || found == nil || n > 0 && string(found[1]) != number {
			return 0
		}
		number = string(found[1])
	}
	return atoi(number)
}

// differs names a file that is not as in that version, to the byte.
func (s *site) differs(v version) string {
	for _, f := range s.software.files {
		text, err := os.ReadFile(filepath.Join(s.dir, f.name))
		if want := s.rendered(f, v); err != nil || string(text) != want {
			return fmt.Sprintf("%s is (%v)\n%s\nwant\n%s", f.name, err, text, want)
		}
	}
	return ""
}

func (s *site) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", s.port, path) }

// served returns the number of the version that answers; 0 if none does as it
// should.
func (s *site) served() int {
	resp, err := s.client.Get(s.url("/"))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	n, _ := numberOf(resp)
	return n
}

// numberOf returns the number that an answer carries from each of the files.
// mixed says that they are of several versions.
func numberOf(resp *http.Response) (n int, mixed bool) {
	first, second, third := resp.Header.Get("X-First"), resp.Header.Get("X-Second"), resp.Header.Get("X-Third")
	if resp.StatusCode != http.StatusOK || first == "" {
		return 0, false
	}
	if first != second || first != third {
		return 0, true
	}
	return atoi(first), false
}

// atoi is 0 for what is no number.
func atoi(text string) (n int) {
	_, _ = fmt.Sscan(text, &n)
	return n
}

// well reports whether the health URL says so.
func (s *site) well() bool {
	resp, err := s.client.Get(s.url("/health"))
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}

// observer is a health check of what users see: it is well when the version on
// disk is the one that is served, and the health URL says so too.
func (s *site) observer(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		disk, served := s.onDisk(), s.served()
		if disk == 0 || disk != served || !s.well() {
			http.Error(w, fmt.Sprintf("%d is on disk, %d is served", disk, served), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
