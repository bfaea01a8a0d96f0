package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"

	"etcdkit/backup/store"
)

// Get requests the range.
func (s *Store) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := errors.Join(store.CheckName(name), store.CheckRange(offset, length)); err != nil {
		return nil, err
	}
	o := minio.GetObjectOptions{}
	switch {
	case length > 0:
		o.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	case offset > 0:
		o.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	body, _, header, err := s.core.GetObject(ctx, s.bucket, s.prefix+name, o)
	var answer minio.ErrorResponse
	switch {
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusRequestedRangeNotSatisfiable || answer.Code == "InvalidRange"):
		return http.NoBody, nil // it begins behind the end
	case err != nil:
		return nil, s.explain(ctx, "read", name, err)
	case o.Header().Get("Range") != "" && !strings.HasPrefix(header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)):
		// A server that does not know ranges sends everything; one that can't
		// say which range it sends could send any.
		if offset > 0 || header.Get("Content-Range") != "" {
			return nil, errors.Join(fmt.Errorf("could not read %s: %s did not send the range that was requested", s.object(name), s.endpoint), body.Close())
		}
	}
	r := &reading{s: s, ctx: ctx, name: name, body: body}
	if length > 0 {
		return limited{io.LimitReader(r, length), r}, nil
	}
	return r, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// reading explains errors of a body. The client reports a body that ends early.
type reading struct {
	s    *Store
	ctx  context.Context
	name string
	body io.ReadCloser
}

func (r *reading) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.body.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.s.explain(r.ctx, "read", r.name, err)
}

func (r *reading) Close() error { return r.body.Close() }

// List requests the whole list before it yields: not every server sorts it.
// An entry takes about 100 bytes, and a repository has a few for each backup.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		var all []store.Object
		for info := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
			if info.Err != nil {
				yield(store.Object{}, s.explain(ctx, "list", "", info.Err))
				return
			}
			name, ok := strings.CutPrefix(info.Key, s.prefix)
			if ok && strings.HasPrefix(name, prefix) && store.CheckName(name) == nil {
				all = append(all, store.Object{Name: name, Size: info.Size, Modified: info.LastModified})
			}
		}
		if ctx.Err() != nil {
			yield(store.Object{}, context.Cause(ctx))
			return
		}
		store.Sorted(all, yield)
	}
}

// Delete removes the object. In a bucket with versions, its versions stay for as
// long as the bucket's rules say.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := store.CheckName(name); err != nil {
		return err
	}
	err := s.core.RemoveObject(ctx, s.bucket, s.prefix+name, minio.RemoveObjectOptions{})
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == minio.NoSuchKey {
		return nil
	}
	return s.explain(ctx, "delete", name, err)
}

// Incomplete lists multipart uploads. Some servers list only those of one
// object, and need its whole name as the prefix.
func (s *Store) Incomplete(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return func(yield func(store.Upload, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var all []store.Upload
		for info := range s.core.ListIncompleteUploads(ctx, s.bucket, s.prefix+prefix, true) {
			if info.Err != nil {
				yield(store.Upload{}, s.explain(ctx, "list", "", info.Err))
				return
			}
			name, ok := strings.CutPrefix(info.Key, s.prefix)
			if ok && store.CheckName(name) == nil {
				all = append(all, store.Upload{Name: name, ID: info.UploadID, Size: -1, Changed: info.Initiated})
			}
		}
		slices.SortFunc(all, func(a, b store.Upload) int { return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID) })
		for _, u := range all {
			if !yield(u, nil) {
				return
			}
		}
	}
}

// Abort removes the parts of an upload. The server can't see whether another
// process is still sending them.
func (s *Store) Abort(ctx context.Context, u store.Upload) error {
	if err := store.CheckName(u.Name); err != nil {
		return err
	}
	err := s.core.AbortMultipartUpload(ctx, s.bucket, s.prefix+u.Name, u.ID)
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.Code == minio.NoSuchUpload {
		return nil
	}
	return s.explain(ctx, "abort the upload of", u.Name, err)
}
