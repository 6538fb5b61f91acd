package output

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// keep leaves a user or group as it is.
const keep = -1

// owner is what a file should belong to; keep for whatever it is.
type owner struct {
	uid, gid int
	// asked says that the target names a user or group, so failing to set
	// them is an error; those of an existing file are kept as far as possible.
	asked bool
}

func wantedOwner(t Target, existing fs.FileInfo) (owner, error) {
	o := owner{uid: keep, gid: keep, asked: t.User != "" || t.Group != ""}
	if stat, ok := sysStat(existing); ok {
		o.uid, o.gid = int(stat.Uid), int(stat.Gid)
	}
	var err error
	if t.User != "" {
		if o.uid, err = userID(t.User); err != nil {
			return o, failed("finding the owner of", t.Path, err)
		}
	}
	if t.Group != "" {
		if o.gid, err = groupID(t.Group); err != nil {
			return o, failed("finding the group of", t.Path, err)
		}
	}
	return o, nil
}

func sysStat(info fs.FileInfo) (*syscall.Stat_t, bool) {
	if info == nil {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat, ok
}

func userID(name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return keep, fmt.Errorf("unknown user %q", name)
	}
	return strconv.Atoi(u.Uid)
}

func groupID(name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return keep, fmt.Errorf("unknown group %q", name)
	}
	return strconv.Atoi(g.Gid)
}

// matches reports whether a file belongs to the owner already.
func (o owner) matches(info fs.FileInfo) bool {
	stat, ok := sysStat(info)
	return !ok || (o.uid == keep || o.uid == int(stat.Uid)) && (o.gid == keep || o.gid == int(stat.Gid))
}

// apply gives f its owner. An owner that is only kept is set as far as the
// process may: both, else the group alone.
func (o owner) apply(f *os.File) error {
	info, err := f.Stat()
	if err != nil || o.matches(info) {
		return err
	}
	err = f.Chown(o.uid, o.gid)
	if err == nil || o.asked {
		return err
	}
	_ = f.Chown(keep, o.gid)
	return nil
}
