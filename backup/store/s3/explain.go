package s3

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"etcdkit/backup/store"
)

// explain says what failed with which object, why, and what to do about it, in
// one line, and gives the error its kind. what is "write", "read" and so on.
func (s *Store) explain(ctx context.Context, what, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	kind, why := s.reason(err)
	text := fmt.Errorf("could not %s %s: %w", what, s.object(name), why)
	if kind == nil {
		return text
	}
	return store.WithKind(kind, text)
}

// object is how an object is called in messages.
func (s *Store) object(name string) string {
	if name == "" {
		return s.Location()
	}
	return scheme + s.bucket + "/" + s.prefix + name
}

// reason finds the kind and the wording of an error of the client.
func (s *Store) reason(err error) (kind, why error) {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return nil, s.unanswered(err)
	}
	say := func(format string, args ...any) error { return fmt.Errorf(format, args...) }
	switch answer.Code {
	case minio.NoSuchBucket:
		return store.ErrNoBucket, say("bucket %s does not exist at %s: create it, or correct the name or --s3-endpoint", s.bucket, s.endpoint)
	case minio.NoSuchKey:
		return store.ErrNotFound, errors.New("it does not exist")
	case minio.PreconditionFailed:
		return store.ErrExists, errors.New("it exists already")
	case "InvalidAccessKeyId", "XAdminUserNotFound":
		return store.ErrDenied, say("%s does not know the access key: correct AWS_ACCESS_KEY_ID, the profile or --s3-endpoint", s.endpoint)
	case "SignatureDoesNotMatch":
		return store.ErrDenied, say("%s does not accept the secret key: correct AWS_SECRET_ACCESS_KEY or the profile", s.endpoint)
	case "RequestTimeTooSkewed":
		return store.ErrDenied, say("the clocks of this machine and of %s differ by more than 15 minutes: set the clock", s.endpoint)
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken":
		return store.ErrDenied, errors.New("the credentials have expired: renew them")
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "InvalidRegion", "IllegalLocationConstraintException":
		if answer.Region != "" {
			return store.ErrDenied, say("bucket %s is in the region %s: give --s3-region %s", s.bucket, answer.Region, answer.Region)
		}
		return store.ErrDenied, say("bucket %s is in another region: give --s3-region, and the --s3-endpoint of that region if one is used", s.bucket)
	case "XMinioStorageFull", "QuotaExceeded", "InsufficientCapacity", "XMinioAdminBucketQuotaExceeded":
		return store.ErrFull, errors.New("the store is full")
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem":
		return store.ErrDenied, errors.New("access denied: give the user of these keys the rights that the documentation of backups lists")
	}
	return s.status(answer)
}

// status is the reason of an answer without a well-known code.
func (s *Store) status(answer minio.ErrorResponse) (kind, why error) {
	text := fmt.Errorf("%s answered %d %s: %s", s.endpoint, answer.StatusCode, answer.Code, answer.Error())
	switch answer.StatusCode {
	case http.StatusNotFound:
		return store.ErrNotFound, text
	case http.StatusUnauthorized, http.StatusForbidden:
		return store.ErrDenied, text
	case http.StatusInsufficientStorage:
		return store.ErrFull, text
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return nil, fmt.Errorf("%w; the server is not well, run the command again later", text)
	}
	return nil, text
}

// unanswered words an error of a request that had no answer.
func (s *Store) unanswered(err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.Is(err, errNoKeys):
		return err
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of %s is signed by an authority that is not known: give its certificate with --s3-ca-file", s.endpoint)
	case errors.As(err, &host):
		return fmt.Errorf("%s: %w: correct --s3-endpoint, or give --s3-path-style", s.endpoint, host)
	}
	if bare := withoutURL(err); bare.Error() != err.Error() {
		return fmt.Errorf("%s: %w", s.endpoint, bare)
	}
	return err
}
