package etcd

import (
	"errors"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"concierge/sources"
)

// opOf says what a request is for.
func opOf(req any) sources.Op {
	switch {
	case reads(req):
		return sources.OpGet
	case isLogin(req):
		return sources.OpLogin
	}
	return sources.OpWrite
}

func isLogin(req any) bool {
	_, login := req.(*etcdserverpb.AuthenticateRequest)
	return login
}

// resultOf says what became of a request; it is empty for one that was cut
// short.
func resultOf(err error) sources.Result {
	switch status.Code(err) {
	case codes.OK:
		return sources.ResultOK
	case codes.Canceled:
		return ""
	case codes.PermissionDenied, codes.Unauthenticated:
		return sources.ResultDenied
	case codes.ResourceExhausted:
		return sources.ResultThrottled
	case codes.DeadlineExceeded:
		return sources.ResultTimeout
	}
	if errors.Is(rpctypes.Error(err), rpctypes.ErrAuthFailed) {
		return sources.ResultDenied // it comes as an invalid argument
	}
	return sources.ResultOf(err)
}

// tell says why a watch ended, unless it was asked to or its connection was
// lost: whether etcd is away is told by the next read.
func tell(m sources.Meter, err error) {
	switch {
	case err == nil:
	case errors.Is(err, rpctypes.ErrCompacted):
		m.Reconnect(sources.ReasonCompacted)
	case errors.Is(err, rpctypes.ErrNoLeader):
		m.Reconnect(sources.ReasonLeader)
	case errors.Is(err, rpctypes.ErrAuthOldRevision), errors.Is(err, rpctypes.ErrInvalidAuthToken), errors.Is(err, rpctypes.ErrPermissionDenied):
		m.Reconnect(sources.ReasonAuth)
	}
}
