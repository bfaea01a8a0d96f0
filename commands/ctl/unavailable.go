package ctl

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unavailable reports whether err is that of an endpoint that can't be reached,
// or does not answer, as opposed to one that refuses.
func unavailable(err error) bool {
	var refusal rpctypes.EtcdError
	if errors.As(err, &refusal) {
		return refusal.Code() == codes.Unavailable
	}
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.Unavailable
}
