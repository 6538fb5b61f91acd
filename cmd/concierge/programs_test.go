package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// record is a program that prints the number of every signal it gets, until it
// is killed or a minute is over.
func record() {
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals)
	_, _ = os.Stdout.WriteString("recording\n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		select {
		case sig := <-signals:
			_, _ = os.Stdout.WriteString("got " + strconv.Itoa(int(sig.(syscall.Signal))) + "\n")
		case <-ctx.Done():
			return
		}
	}
}

// serve is a program that serves on unix sockets in its working directory until
// TERM: http.sock, grpc.sock, and silent.sock, which accepts connections and
// never answers. It answers 503 at /ready while there is a file called away,
// and at /live while there is one called sick; then gRPC does not serve either.
func serve() {
	missing := func(name string) bool { _, err := os.Stat(name); return errors.Is(err, fs.ErrNotExist) }
	is := func(well func() bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if !well() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", is(func() bool { return missing("away") }))
	mux.HandleFunc("/live", is(func() bool { return missing("sick") }))
	mux.HandleFunc("/", is(func() bool { return true }))
	go func() { panic(http.Serve(listener("http.sock"), mux)) }()
	go keep(listener("silent.sock"))
	h, server := health.NewServer(), grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, h)
	go func() { panic(server.Serve(listener("grpc.sock"))) }()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	_, _ = os.Stdout.WriteString("serving\n")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-term:
			_ = os.WriteFile("stopped", []byte("TERM\n"), 0o644)
			return
		case <-tick.C:
			status := grpc_health_v1.HealthCheckResponse_SERVING
			if !missing("sick") {
				status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
			}
			h.SetServingStatus("", status)
		}
	}
}

// keep accepts connections and never answers.
func keep(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
	}
}

// listener listens at a path, also where a process that was killed did.
func listener(path string) net.Listener {
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	return l
}

// program makes this test binary one of the programs of TestMain.
func program(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// tests are all tests of the package. Most of them wait more than they work, so
// that more of them run at once than there are processors.
type tests struct{ *testing.M }

func (m tests) Run() int {
	const atOnce = "8"
	if err := flag.Set("test.parallel", atOnce); err != nil { // -parallel has the last word
		panic(err)
	}
	status := m.M.Run()
	if dir, err := buildDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	return status
}
