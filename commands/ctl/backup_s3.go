package ctl

import (
	"context"

	"github.com/spf13/pflag"

	"etcdkit/backup/store"
	"etcdkit/backup/store/remote"
	"etcdkit/commands/cli"
)

// addS3 adds the flags of repositories in S3 buckets. Keys are not among them:
// arguments can be seen by everybody on the machine.
func (o *backupOptions) addS3(fs *pflag.FlagSet) {
	fs.StringVar(&o.s3.Endpoint, "s3-endpoint", "", "the `URL` of the S3 server; without it, Amazon's")
	fs.StringVar(&o.s3.Region, "s3-region", "", "the `region` of the S3 bucket")
	fs.BoolVar(&o.s3.PathStyle, "s3-path-style", false, "put the bucket's name into the path of S3 requests instead of the host name")
	fs.StringVar(&o.s3.CAFile, "s3-ca-file", "", "verify the S3 server's certificate with the CAs in this `file`")
}

// openS3 opens a bucket by the etcdutl beside etcdctl, so that etcdctl links no
// S3 client, which would make each of its commands slower to start.
func openS3(ctx context.Context, location string, o store.Options) (store.Store, error) {
	path, err := cli.FindUtility(program)
	if err != nil {
		return nil, err
	}
	return remote.Opener(path)(ctx, location, o)
}
