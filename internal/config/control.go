package config

import (
	"fmt"
	"path/filepath"
)

// Control is how operators on the same machine reach the instance.
type Control struct {
	Socket string `yaml:"socket" doc:"Unix socket for concierge ctl, an absolute path, or none; unless set concierge.sock in the user's runtime directory (XDG_RUNTIME_DIR), else in /run, if it can be made there." pattern:"^(/.*|none)$"`
}

// NoSocket is the value of control.socket that means that there is none.
const NoSocket = "none"

// maxSocket is what a unix socket's path can have, less what it is called
// before it is ready; see the package admin.
const maxSocket = 101

func (v *validator) control() {
	const at = "control.socket"
	switch path := v.cfg.Control.Socket; {
	case path == "" || path == NoSocket:
	case !filepath.IsAbs(path):
		v.fail(at, path, "is not an absolute path", "begin it with a slash, because concierge ctl may be started anywhere; or write none")
	case filepath.Clean(path) != path:
		v.fail(at, path, "is not the shortest form of the path", "write "+shorten(filepath.Clean(path)))
	case len(path) > maxSocket:
		v.fail(at, path, fmt.Sprintf("has %d bytes, too many for a socket", len(path)), fmt.Sprintf("use a path of at most %d bytes, for example below /run", maxSocket))
	}
}
