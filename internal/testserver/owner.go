package testserver

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// owner is a user that a server runs as because it refuses to run as root.
type owner struct{ uid, gid int }

// unprivileged is the owner with that name if this is root, and nil, which
// changes nothing, if it is not.
func unprivileged(name string) (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("looking for a user to run servers as: %w", err)
	}
	var o owner
	if o.uid, err = strconv.Atoi(u.Uid); err == nil {
		o.gid, err = strconv.Atoi(u.Gid)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the numbers of user %s: %w", name, err)
	}
	return &o, nil
}

func (o *owner) apply(attr *syscall.SysProcAttr) {
	if o != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
}

// take gives a file or folder to the owner.
func (o *owner) take(path string) error {
	if o == nil {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}
