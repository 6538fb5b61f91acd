package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/procfs"

	"concierge/metrics"
)

// tree writes files as the kernel shows them.
func tree(t *testing.T, files map[string]string) directory {
	t.Helper()
	top := t.TempDir()
	for name, text := range files {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory{filepath.Join(top, "pod", "app"), top}
}

func show(a *account) string {
	var b strings.Builder
	for _, s := range a.samples {
		b.WriteString(s.Path() + "=" + s.Raw)
		if s.Kind == metrics.Counter {
			b.WriteString(" counts")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestVersion2FilesAreRead has what a machine shows whose version 2 controls
// everything, taken from one with Linux 6.1.
func TestVersion2FilesAreRead(t *testing.T) {
	d := tree(t, map[string]string{
		"pod/app/cpu.stat":            "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 40\nnr_throttled 10\nthrottled_usec 750000\nnr_bursts 0\nburst_usec 0\n",
		"pod/app/cpu.max":             "max 100000\n",
		"pod/cpu.max":                 "150000 100000\n",
		"cpu.max":                     "800000 100000\n",
		"pod/app/memory.current":      "1048576\n",
		"pod/app/memory.max":          "max\n",
		"pod/memory.max":              "134217728\n",
		"pod/app/memory.swap.current": "4096\n",
		"pod/app/memory.stat":         "anon 600000\nfile 400000\nkernel 10\ninactive_anon 1\nactive_anon 2\ninactive_file 48576\nactive_file 3\n",
		"pod/app/memory.events":       "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n",
		"pod/app/pids.current":        "7\n",
		"pod/app/pids.max":            "max\n",
		"pod/app/io.stat":             "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n7:1 \n",
		"pod/app/cpu.pressure":        "some avg10=1.00 avg60=0.50 avg300=0.10 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
		"pod/app/memory.pressure":     "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	})
	const want = `container.cpu.usage_seconds=2.5 counts
container.cpu.user_seconds=2 counts
container.cpu.system_seconds=0.5 counts
container.cpu.throttled_seconds=0.75 counts
container.cpu.periods=40 counts
container.cpu.throttled_periods=10 counts
container.cpu.limit_cores=1.5
container.memory.usage_bytes=1048576
container.memory.working_set_bytes=1000000
container.memory.limit_bytes=134217728
container.memory.swap_bytes=4096
container.memory.anonymous_bytes=600000
container.memory.file_bytes=400000
container.memory.oom_kills=1 counts
container.memory.limit_hits=12 counts
container.io.read_bytes=8192 counts
container.io.write_bytes=8192 counts
container.io.reads=2 counts
container.io.writes=2 counts
container.tasks.count=7
container.cpu.pressure_seconds.some=1.5 counts
container.cpu.pressure_seconds.full=0.5 counts
container.memory.pressure_seconds.some=0 counts
container.memory.pressure_seconds.full=0 counts
`
	var a account
	(&groups{unified: d}).measure(&a)
	if got := show(&a); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFilesThatMakeNoSenseHaveNoSamples(t *testing.T) {
	d := tree(t, map[string]string{
		"pod/app/cpu.stat": "usage_usec\n\nuser_usec x\n system", "pod/app/cpu.max": "20000", "pod/app/memory.current": "",
		"pod/app/memory.max": "-5", "pod/app/memory.stat": "\x00\xff", "pod/app/io.stat": "8:0 rbytes=x",
		"pod/app/cpu.pressure": "some avg10=1 total=\nfull\n", "pod/app/pids.current": "max",
	})
	var a account
	(&groups{unified: d}).measure(&a)
	if got := show(&a); strings.Trim(got, "\n") != "container.io.read_bytes=0 counts" {
		t.Errorf("got\n%s", got)
	}
}

func TestGroupIsFoundHoweverItIsMounted(t *testing.T) {
	top := tree(t, map[string]string{"pod/app/x": ""}).top
	for _, c := range []struct{ name, root, path, want string }{
		{"the whole tree", "/", "/pod/app", "/pod/app"},
		{"the container's part alone", "/docker/abc", "/docker/abc", ""},
		{"a group below that part", "/docker/abc", "/docker/abc/pod", "/pod"},
		{"a name space of its own", "/", "/", ""},
		{"a group outside its name space", "/", "/../../other", ""},
		{"a path of the machine, not seen here", "/", "/system.slice/docker.service", ""},
		{"another container's part", "/docker/abc", "/docker/abcdef", ""},
	} {
		m := &procfs.MountInfo{MountPoint: top, Root: c.root}
		if got := group(m, c.path); got != (directory{filepath.Join(top, c.want), top}) {
			t.Errorf("%s: found %v, want %q in %s", c.name, got, c.want, top)
		}
	}
}
