package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/internal/agent"
	"concierge/internal/config"
	"concierge/internal/testserver"
	"concierge/sources"
)

// instance is a running concierge in a directory of its own.
type instance struct {
	t       *testing.T
	dir     string
	log     *buffer
	signals chan os.Signal
	done    chan struct{}
	status  int
	err     error
}

// buffer is a bytes.Buffer for one writer and a polling reader.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

// load returns a function that reads concierge.yaml of dir.
func load(dir string, running bool) func() (*config.Config, error) {
	return func() (*config.Config, error) {
		return config.Load(config.Options{Path: filepath.Join(dir, "concierge.yaml"), Running: running, Environ: os.Environ()})
	}
}

// run starts an instance with that configuration; DIR in it stands for a new
// directory. It is stopped with the test.
func run(t *testing.T, yaml string) *instance {
	t.Helper()
	return runIn(t, t.TempDir(), yaml)
}

// runIn is run in a directory that another instance may have used before.
func runIn(t *testing.T, dir, yaml string) *instance {
	t.Helper()
	i := &instance{t: t, dir: dir, log: new(buffer), signals: make(chan os.Signal, 8), done: make(chan struct{})}
	i.write("concierge.yaml", yaml)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(i.done)
		i.status, i.err = agent.Run(ctx, agent.Options{
			Load: load(dir, true), Environ: os.Environ(), Signals: i.signals,
			Log: slog.New(slog.NewTextHandler(i.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-i.done
		if t.Failed() {
			t.Logf("log of the instance:\n%s", i.log)
		}
	})
	return i
}

func (i *instance) write(name, content string) {
	i.t.Helper()
	content = strings.ReplaceAll(content, "DIR", i.dir)
	if err := os.WriteFile(filepath.Join(i.dir, name), []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(i.dir, name))
	return string(b)
}

// file waits until a file of the instance has that content.
func (i *instance) file(name, want string) {
	i.t.Helper()
	eventually(i.t, fmt.Sprintf("%s says %q", name, want), func() bool { return i.read(name) == want },
		func() string { return fmt.Sprintf("it says %q", i.read(name)) })
}

// logged waits until the log contains a text.
func (i *instance) logged(want string) {
	i.t.Helper()
	eventually(i.t, fmt.Sprintf("the log says %q", want), func() bool { return strings.Contains(i.log.String(), want) },
		func() string { return "" })
}

func (i *instance) signal(sig syscall.Signal) { i.signals <- sig }

// wait waits for the end of the instance.
func (i *instance) wait() int {
	i.t.Helper()
	select {
	case <-i.done:
	case <-time.After(20 * time.Second):
		i.t.Fatal("the instance did not end")
	}
	return i.status
}

func eventually(t *testing.T, what string, ok func() bool, state func() string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s; %s", what, state())
}

// store opens a store for editing, as the kv command does.
func store(t *testing.T, name string, server *testserver.Server) sources.Store {
	t.Helper()
	cfg := &config.Config{Sources: config.Sources{
		Consul: &config.Consul{Address: server.Addr},
		Etcd:   &config.Etcd{Endpoints: []string{server.Addr}, DialTimeout: 5 * time.Second},
	}}
	s, err := agent.OpenStore(cfg, name, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, ok := s.(io.Closer); ok {
			_ = c.Close()
		}
	})
	return s
}

// put writes a key, and tries again while a server that was just started is
// still busy.
func put(t *testing.T, s sources.Store, key, value string) {
	t.Helper()
	var err error
	eventually(t, "put "+key, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = s.Put(ctx, key, value, nil)
		return err == nil
	}, func() string { return fmt.Sprint(err) })
}

// putSecret writes a secret of KV version 2.
func putSecret(t *testing.T, vault *testserver.Server, path, field, value string) {
	t.Helper()
	var last string
	eventually(t, "write of "+path, func() bool {
		body := strings.NewReader(fmt.Sprintf(`{"data":{%q:%q}}`, field, value))
		req, err := http.NewRequest(http.MethodPost, vault.URL()+"/v1/secret/data/"+path, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Vault-Token", vault.Token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err.Error()
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		last = resp.Status
		return resp.StatusCode < 300
	}, func() string { return last })
}
