package reload

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"concierge/reload/job"
	"concierge/reload/journal"
)

// volume is a directory that can become read-only or full at any time: a file
// system of its own, or for users who may not mount one a directory without
// permission to write.
type volume struct {
	t       *testing.T
	dir     string
	mounted bool
}

func newVolume(t *testing.T) volume {
	t.Helper()
	v := volume{t: t, dir: t.TempDir()}
	v.mounted = unix.Mount("tmpfs", v.dir, "tmpfs", 0, "size=64k") == nil
	t.Cleanup(func() {
		if v.mounted {
			_ = unix.Unmount(v.dir, unix.MNT_DETACH)
		} else {
			_ = os.Chmod(v.dir, 0o700)
		}
	})
	return v
}

func (v volume) readOnly() error {
	if !v.mounted {
		return os.Chmod(v.dir, 0o500)
	}
	return unix.Mount("tmpfs", v.dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "size=64k")
}

// fill takes all room, as far as the volume has a limit.
func (v volume) fill() error {
	err := os.WriteFile(filepath.Join(v.dir, "ballast"), make([]byte, 128<<10), 0o600)
	if errors.Is(err, unix.ENOSPC) {
		return nil
	}
	return err
}

// on is a set of one file on a volume, of which the process is told. The
// fault happens while the change is watched, which then is unhealthy.
func (b *bench) on(v volume, content string, fault func() error) Set {
	set := b.set("volume", content)
	path := filepath.Join(v.dir, "file")
	set.Outputs[0].File, set.Outputs[0].Path = file{path, content}, path
	if fault != nil {
		happened := false
		set.Watch.Checks = []job.Check{checkOf(asked(func(context.Context) error {
			if happened {
				return nil
			}
			happened = true
			if err := fault(); err != nil {
				b.t.Error(err)
			}
			return errors.New("the new version is not liked")
		}))}
	}
	return set
}

func TestRollBackNeedsNoRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	b, v := newBench(t), newVolume(t)
	b.apply(b.on(v, "v1", nil))
	if r := b.apply(b.on(v, "v2", v.fill)).Results[0]; !r.Undone || r.Stuck {
		t.Errorf("result %+v", r)
	}
	if text, err := os.ReadFile(filepath.Join(v.dir, "file")); string(text) != "v1" || err != nil {
		t.Errorf("the file says %q, %v", text, err)
	}
	b.running()
}

func TestRollBackThatFailsSaysSoAndLeavesTheProcessRunning(t *testing.T) {
	t.Parallel()
	b, v := newBench(t), newVolume(t)
	b.apply(b.on(v, "v1", nil))
	r := b.apply(b.on(v, "v2", v.readOnly)).Results[0]
	if !r.Stuck || r.Undone || r.Changed != 1 {
		t.Errorf("result %+v", r)
	}
	for _, want := range []string{"not liked", "could not be brought back", filepath.Join(v.dir, "file")} {
		if r.Err == nil || !strings.Contains(r.Err.Error(), want) {
			t.Errorf("error %q does not say %q", r.Err, want)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(v.dir, "file")); string(text) != "v2" {
		t.Errorf("the file says %q", text)
	}
	b.phase("volume", journal.Undoing, "v2", "v2") // the next start finishes it
	b.expect("volume", "applied", "failed")
	b.running()
}

// TestSetOfWhichOneFileCannotBeBroughtBackStaysWhole has files on two volumes.
func TestSetOfWhichOneFileCannotBeBroughtBackStaysWhole(t *testing.T) {
	t.Parallel()
	b, v, w := newBench(t), newVolume(t), newVolume(t)
	set := func(content string, fault func() error) Set {
		set := b.on(v, content, fault)
		path := filepath.Join(w.dir, "second")
		set.Outputs = append(set.Outputs, Output{File: file{path, content}, Path: path})
		return set
	}
	b.apply(set("v1", nil))
	for name, broken := range map[string]volume{"first": v, "second": w} {
		if r := b.apply(set("new for "+name, broken.readOnly)).Results[0]; !r.Stuck {
			t.Errorf("%s: %+v", name, r)
		}
		one, _ := os.ReadFile(filepath.Join(v.dir, "file"))
		two, _ := os.ReadFile(filepath.Join(w.dir, "second"))
		if string(one) != string(two) {
			t.Errorf("%s: half of the set was brought back: %q and %q", name, one, two)
		}
		for _, volume := range []volume{v, w} {
			if volume.mounted {
				_ = unix.Mount("tmpfs", volume.dir, "tmpfs", unix.MS_REMOUNT, "size=64k")
			} else {
				_ = os.Chmod(volume.dir, 0o700)
			}
		}
	}
}

func TestLogSaysWhenARollBackDoesNotHelp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	set := b.set("conf", "v2")
	set.Watch.Checks = []job.Check{checkOf(asked(func(context.Context) error { return errors.New("the database is down") }))}
	if r := b.apply(set).Results[0]; !r.Undone {
		t.Errorf("result %+v", r)
	}
	if !strings.Contains(b.log.String(), "not healthy after the roll-back either: the cause may lie elsewhere") {
		t.Errorf("log %s", b.log)
	}
	b.running()
}
