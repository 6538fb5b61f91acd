package container

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
)

func TestFileSystemIsMeasured(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=1m,nr_inodes=100"); err != nil {
		t.Fatalf("mounting, for which this test needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "file"), make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	c := collector(0)
	c.options.Mounts = []string{dir, filepath.Join(dir, "missing")}
	v := values(t, c)
	for name, want := range map[string]string{"size_bytes": "1048576", "used_bytes": "307200", "available_bytes": "741376", "inodes": "100", "inodes_used": "2"} {
		if got := v[`container.filesystem.`+name+`{mount="`+dir+`"}`].Raw; got != want {
			t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
}

func TestMountsOfThisMachineAreFound(t *testing.T) {
	mounts, err := New(Options{}).mounts()
	if err != nil || len(mounts) == 0 || mounts[0] != "/" || len(mounts) > mostOf {
		t.Errorf("mounts are %q, %v", mounts, err)
	}
	for _, m := range mounts {
		if strings.HasPrefix(m, "/proc") || strings.HasPrefix(m, "/sys") || strings.HasPrefix(m, "/dev") {
			t.Errorf("%s holds no files", m)
		}
	}
}

func TestHungFileSystemHoldsNothingUp(t *testing.T) {
	hang, calls := make(chan struct{}), make(chan string, 10)
	c := collector(0)
	c.options.Mounts = []string{"/"}
	c.disks.patience = 10 * time.Millisecond
	c.disks.statfs = func(path string, into *syscall.Statfs_t) error {
		calls <- path
		<-hang
		return syscall.Statfs(path, into)
	}
	for range 3 {
		if v := values(t, c); len(v) == 0 || v[`container.filesystem.inodes{mount="/"}`].Raw != "" {
			t.Errorf("samples are %v, want all but the file system's", v)
		}
	}
	if len(calls) != 1 {
		t.Errorf("it was asked %d times while it hung, want once", len(calls))
	}
	close(hang)
	until(t, c, func(v map[string]metrics.Sample) bool {
		return v[`container.filesystem.size_bytes{mount="/"}`].Value > 0
	})
}

func TestInterfacesAreMeasured(t *testing.T) {
	v := values(t, collector(0))
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all[:min(len(all), mostOf)] {
		s, ok := v[`container.network.receive_bytes{interface="`+i.Name+`"}`]
		if loopback := i.Flags&net.FlagLoopback != 0; ok == loopback || ok && s.Kind != metrics.Counter {
			t.Errorf("interface %s: sample %+v, %v", i.Name, s, ok)
		}
	}
}

func TestProcessIsMeasured(t *testing.T) {
	a := start(t, "burn")
	pid := 0
	c := New(Options{Process: func() int { return pid }, Mounts: []string{}, Log: slog.New(slog.DiscardHandler)})
	if v := values(t, c); v["child.threads"].Raw != "" {
		t.Errorf("no process has %q threads", v["child.threads"].Raw)
	}
	pid = a.Process.Pid
	a.play(t)
	v := until(t, c, func(v map[string]metrics.Sample) bool { return v["child.cpu_seconds"].Value > 0.05 })
	if age := float64(time.Now().Unix()) - v["child.start_time_seconds"].Value; age < -2 || age > 600 {
		t.Errorf("it began %v s ago", age)
	}
	if v["child.resident_bytes"].Value < 1<<20 || v["child.virtual_bytes"].Value < v["child.resident_bytes"].Value || v["child.threads"].Value < 2 {
		t.Errorf("resident %v, virtual %v, threads %v", v["child.resident_bytes"], v["child.virtual_bytes"], v["child.threads"])
	}
	if open, limit := v["child.open_files"].Value, v["child.open_files_limit"].Value; open < 3 || open > limit {
		t.Errorf("%v open files of %v", open, limit)
	}
	_ = a.Process.Kill()
	_ = a.Wait()
	if v := values(t, c); v["child.threads"].Raw != "" {
		t.Errorf("a process that has ended has %q threads", v["child.threads"].Raw)
	}
}

func TestEndOfTheCycleIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("stopped")
	cancel(why)
	if samples, err := collector(0).Collect(ctx, make([]metrics.Sample, 1)); !errors.Is(err, why) || len(samples) != 1 {
		t.Errorf("%d samples, error %v", len(samples), err)
	}
}

// BenchmarkCollect measures what a cycle costs.
func BenchmarkCollect(b *testing.B) {
	c := New(Options{Log: slog.New(slog.DiscardHandler), Process: os.Getpid})
	b.ReportAllocs()
	var samples []metrics.Sample
	for b.Loop() {
		var err error
		if samples, err = c.Collect(b.Context(), samples[:0]); err != nil || len(samples) < 20 {
			b.Fatalf("%d samples, %v", len(samples), err)
		}
	}
}
