package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// peer is who is at the other end of a connection, as the kernel noted it when
// it was made. The zero value is root, so it is only used without an error.
type peer struct {
	uid uint32
	pid int32
}

// allowed reports whether the peer may steer an instance of user uid.
func (p peer) allowed(uid int) bool { return p.uid == 0 || int(p.uid) == uid }

// credentials are a peer, or why it is not known.
type credentials struct {
	peer
	err error
}

type credentialsKey struct{}

// withPeer puts the credentials of conn into the context of its requests.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	var c credentials
	c.peer, c.err = peerOf(conn)
	return context.WithValue(ctx, credentialsKey{}, c)
}

// peerOf asks the kernel (SO_PEERCRED, see unix(7)).
func peerOf(conn net.Conn) (peer, error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return peer{}, fmt.Errorf("a %T has no credentials", conn)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var cred *unix.Ucred
	var askErr error
	err = raw.Control(func(fd uintptr) {
		cred, askErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = askErr
	}
	if err != nil {
		return peer{}, err
	}
	return peer{uid: cred.Uid, pid: cred.Pid}, nil
}

// onlyOwners lets root and the user of this process through. Everybody else is
// refused and logged: the socket's mode should have kept them out.
func (s *Server) onlyOwners(next http.Handler) http.Handler {
	uid := os.Geteuid()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(credentialsKey{}).(credentials)
		if ok && c.err == nil && c.allowed(uid) {
			next.ServeHTTP(w, r)
			return
		}
		s.log.Warn("control request refused", "uid", c.uid, "pid", c.pid, "error", c.err)
		refuse(w, http.StatusForbidden, fmt.Errorf("user %d may not control this instance, only root and user %d may", c.uid, uid))
	})
}
