package container

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"concierge/metrics"
)

// disks asks file systems. One that hangs, as a network file system does whose
// server is gone, hangs whoever asks: so this is done aside, and while that does
// not come back nothing is asked again. At most one goroutine is lost.
type disks struct {
	patience time.Duration
	statfs   func(path string, into *syscall.Statfs_t) error
	asking   bool
	result   chan []disk // one slot
}

type disk struct {
	mount string
	stat  syscall.Statfs_t
}

var errHung = errors.New("a file system does not answer: see the mounts setting")

// fileSystems measures the file systems.
func (c *Collector) fileSystems(ctx context.Context, a *account) error {
	mounts := c.options.Mounts
	if mounts == nil {
		var err error
		if mounts, err = c.mounts(); err != nil {
			return err
		}
	}
	all, err := c.disks.ask(ctx, mounts)
	for _, d := range all {
		d.measure(a)
	}
	return err
}

// ask returns the file systems at the mount points, without those that are not
// there.
func (d *disks) ask(ctx context.Context, mounts []string) ([]disk, error) {
	if !d.asking {
		d.asking = true
		go func() { d.result <- d.each(mounts) }()
	}
	late := time.NewTimer(d.patience)
	defer late.Stop()
	select {
	case all := <-d.result:
		d.asking = false
		return all, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-late.C:
		return nil, errHung
	}
}

func (d *disks) each(mounts []string) []disk {
	var all []disk
	for _, mount := range mounts {
		one := disk{mount: mount}
		if d.statfs(mount, &one.stat) == nil {
			all = append(all, one)
		}
	}
	return all
}

func (d disk) measure(a *account) {
	const of = "container.filesystem."
	mount := metrics.Label{Name: "mount", Value: d.mount}
	block := float64(d.stat.Bsize)
	a.gauge(of+"size_bytes", float64(d.stat.Blocks)*block, mount)
	a.gauge(of+"used_bytes", float64(d.stat.Blocks-d.stat.Bfree)*block, mount)
	a.gauge(of+"available_bytes", float64(d.stat.Bavail)*block, mount)
	if d.stat.Files > 0 {
		a.gauge(of+"inodes", float64(d.stat.Files), mount)
		a.gauge(of+"inodes_used", float64(d.stat.Files-d.stat.Ffree), mount)
	}
}

// mounts returns where something of this machine is mounted, one of each
// device: a container has the same one in many places.
func (c *Collector) mounts() ([]string, error) {
	fs, err := procfs.NewFS(c.proc)
	if err != nil {
		return nil, err
	}
	all, err := fs.GetMounts()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *procfs.MountInfo) int { return len(a.MountPoint) - len(b.MountPoint) })
	var mounts []string
	seen := make(map[string]bool)
	for _, m := range all {
		if ownDisk(m) && !seen[m.MajorMinorVer] && len(mounts) < mostOf {
			seen[m.MajorMinorVer] = true
			mounts = append(mounts, m.MountPoint)
		}
	}
	return mounts, nil
}

// ownDisk says whether a mount holds files on this machine. The root always
// does, however it is mounted.
func ownDisk(m *procfs.MountInfo) bool {
	if m.MountPoint == "/" {
		return true
	}
	for _, system := range [...]string{"/proc", "/sys", "/dev", "/run/user"} {
		if strings.HasPrefix(m.MountPoint+"/", system+"/") {
			return false
		}
	}
	switch m.FSType {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "tmpfs", "overlay":
		return true
	}
	return false
}
