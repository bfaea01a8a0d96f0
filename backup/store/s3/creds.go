package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// reread is how long keys of the environment and of files are used before
	// they are read again: they may have been replaced.
	reread = 30 * time.Second
	// roleTimeout bounds the requests for the keys of a role.
	roleTimeout = 3 * time.Second
)

// errNoKeys names every place where keys were looked for.
var errNoKeys = errors.New("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role")

// provider finds credentials as AWS's programs do, in their order: the
// environment; the role of a web identity or a container, if the environment
// names one; the shared files; the role of the instance.
type provider struct {
	env     func(string) string
	region  string
	role    *credentials.IAM // where the current ones are from, or nil
	expires time.Time        // of those that are from elsewhere
}

// IsExpired reports whether the keys have to be fetched again.
func (p *provider) IsExpired() bool {
	if p.role != nil {
		return p.role.IsExpired()
	}
	return time.Now().After(p.expires)
}

// Retrieve is for interfaces without a context.
func (p *provider) Retrieve() (credentials.Value, error) { return p.RetrieveWithCredContext(nil) }

// RetrieveWithCredContext fetches the keys.
func (p *provider) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	p.role, p.expires = nil, time.Now().Add(reread)
	if id, secret := p.env("AWS_ACCESS_KEY_ID"), p.env("AWS_SECRET_ACCESS_KEY"); id != "" || secret != "" {
		if id == "" || secret == "" {
			return credentials.Value{}, errors.New("only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both")
		}
		return credentials.Value{AccessKeyID: id, SecretAccessKey: secret, SessionToken: p.env("AWS_SESSION_TOKEN"), SignerType: credentials.SignatureV4}, nil
	}
	if p.env("AWS_WEB_IDENTITY_TOKEN_FILE") != "" || p.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || p.env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" {
		return p.fromRole(cc)
	}
	if path := p.file(); path != "" {
		return p.fromFile(path, cc)
	}
	if p.env("AWS_EC2_METADATA_DISABLED") == "true" {
		return credentials.Value{}, errNoKeys
	}
	v, err := p.fromRole(cc)
	if err != nil {
		return credentials.Value{}, fmt.Errorf("%w (%w)", errNoKeys, err)
	}
	return v, nil
}

// file returns the path of the shared file, if a profile is asked for or a file
// exists.
func (p *provider) file() string {
	path := p.env("AWS_SHARED_CREDENTIALS_FILE")
	if path == "" {
		if home := first(p.env("HOME"), p.env("USERPROFILE")); home != "" {
			path = filepath.Join(home, ".aws", "credentials")
		}
	}
	if p.env("AWS_PROFILE") != "" {
		return path
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func (p *provider) fromFile(path string, cc *credentials.CredContext) (credentials.Value, error) {
	profile := first(p.env("AWS_PROFILE"), "default")
	v, err := (&credentials.FileAWSCredentials{Filename: path, Profile: profile}).RetrieveWithCredContext(cc)
	if err != nil || v.AccessKeyID == "" {
		// The library reads both files, as the programs do, only if it is to find
		// them itself: a profile with SSO is in the other one.
		both, bothErr := (&credentials.FileAWSCredentials{Profile: profile}).RetrieveWithCredContext(cc)
		if bothErr == nil && both.AccessKeyID != "" {
			v, err = both, nil
		}
	}
	if err != nil || v.AccessKeyID == "" {
		return credentials.Value{}, fmt.Errorf("no S3 credentials: profile %q of %s has none: correct AWS_PROFILE or the file", profile, path)
	}
	return v, nil
}

func (p *provider) fromRole(cc *credentials.CredContext) (credentials.Value, error) {
	role := &credentials.IAM{Client: &http.Client{Timeout: roleTimeout}, Region: p.region}
	role.Container.AuthorizationToken = p.env("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	role.Container.AuthorizationTokenFile = p.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	role.Container.CredentialsRelativeURI = p.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	role.Container.CredentialsFullURI = p.env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	role.EKSIdentity.TokenFile = p.env("AWS_WEB_IDENTITY_TOKEN_FILE")
	role.EKSIdentity.RoleARN = p.env("AWS_ROLE_ARN")
	role.EKSIdentity.RoleSessionName = p.env("AWS_ROLE_SESSION_NAME")
	role.Endpoint = p.env("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	if role.EKSIdentity.TokenFile != "" { // then the endpoint is that of STS
		role.Endpoint = p.env("AWS_ENDPOINT_URL_STS")
	} else if role.Container.CredentialsRelativeURI != "" || role.Container.CredentialsFullURI != "" {
		role.Endpoint = ""
	}
	v, err := role.RetrieveWithCredContext(cc)
	if err != nil {
		return credentials.Value{}, fmt.Errorf("no credentials of the machine's role: %w", withoutURL(err))
	}
	p.role = role
	return v, nil
}

// withoutURL removes the URL from an error of a request: it may carry tokens.
func withoutURL(err error) error {
	var request *url.Error
	if !errors.As(err, &request) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the service that has them did not answer in time")
	}
	return request.Err
}
