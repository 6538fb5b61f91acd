package config

import (
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Admin is how machines see the instance.
type Admin struct {
	Listen       string        `yaml:"listen" doc:"Address for health checks, metrics and the status over HTTP: host:port or unix:/path; none unless set. Nobody is asked who he is there, so keep it on loopback (127.0.0.1:9150) unless others are meant to see it." pattern:"^(unix:/.+|.*:[0-9]+)?$"`
	Mode         fs.FileMode   `yaml:"mode" doc:"Octal permissions of the unix socket, in quotes." default:"0600"`
	MaxStaleness time.Duration `yaml:"max_staleness" doc:"Not ready when a source was away for longer than this; unless set the last data that is known is good enough."`
}

func (v *validator) admin() {
	const at = "admin.listen"
	listen := v.cfg.Admin.Listen
	if listen == "" {
		return
	}
	path, unix := strings.CutPrefix(listen, "unix:")
	if !unix {
		host, port, err := net.SplitHostPort(listen)
		n, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || n == 0 || strings.ContainsAny(host, "/@ ") {
			v.fail(at, listen, "is not an address", "write host:port, for example 127.0.0.1:9150, or unix:/path")
		}
		return
	}
	switch {
	case !filepath.IsAbs(path) || filepath.Clean(path) != path:
		v.fail(at, listen, "is not unix: and an absolute path in its shortest form", "write for example unix:/run/concierge-admin.sock")
	case len(path) > maxSocket:
		v.fail(at, listen, fmt.Sprintf("has a path of %d bytes, too many for a socket", len(path)), fmt.Sprintf("use a path of at most %d bytes, for example below /run", maxSocket))
	case path == v.cfg.Control.Socket:
		v.fail(at, listen, "is the control socket", "use another path")
	}
}
