package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"etcdkit/backup/store"
)

// An object of up to partSize is sent in one request; a larger one, whose size
// need not be known, in parts of that size, of which some are on their way while
// the next is filled. Memory is therefore 4 times 8 MiB for each Put, and an
// object has at most 10,000 parts, 78 GiB. All parts but the last have the same
// size, because some servers refuse others.
const (
	partSize = 8 << 20
	uploads  = 3
	maxParts = 10_000

	small = 64 << 10 // read before a buffer for a part is made

	// mark is the metadata that says which Put an object is from.
	mark = "Etcdkit-Put"

	// abortTime bounds the removal of an upload that has failed.
	abortTime = 30 * time.Second

	// grace is what requests that are on their way have to end in after a
	// failure, before they are cut off.
	grace = 5 * time.Second
)

// put is one Put.
type put struct {
	s    *Store
	name string
	key  string
	o    store.PutOptions
	id   string // random, in the metadata
}

// Put sends the object with the SHA-256 of every request's body, which the
// server checks. With IfAbsent, the last request is conditional. An upload that
// fails is aborted.
func (s *Store) Put(ctx context.Context, name string, r io.Reader, o store.PutOptions) (store.Object, error) {
	if err := store.CheckName(name); err != nil {
		return store.Object{}, err
	}
	p := &put{s: s, name: name, key: s.prefix + name, o: o, id: rand.Text()}
	if o.IfAbsent { // a second look at what servers that ignore conditions would replace
		if _, err := s.stat(ctx, p.key); err == nil {
			return store.Object{}, p.exists()
		}
	}
	r = store.Reader(ctx, r, o)
	first, last, err := begin(r)
	switch {
	case err != nil:
		return store.Object{}, err
	case last:
		err = p.whole(ctx, first)
	default:
		err = p.parts(ctx, first, r)
	}
	if err != nil {
		return store.Object{}, err
	}
	info, err := s.stat(ctx, p.key)
	if err != nil {
		return store.Object{}, s.explain(ctx, "find", name, err)
	}
	return store.Object{Name: name, Size: info.Size, Modified: info.LastModified}, nil
}

func (s *Store) stat(ctx context.Context, key string) (minio.ObjectInfo, error) {
	return s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
}

func (p *put) exists() error {
	return store.WithKind(store.ErrExists, fmt.Errorf("%s exists already", p.s.object(p.name)))
}

// begin reads the first part, and reports whether it is the last one.
func begin(r io.Reader) (part []byte, last bool, err error) {
	part = make([]byte, small)
	n, last, err := fill(r, part)
	if last || err != nil {
		return part[:n], last, err
	}
	whole := make([]byte, partSize)
	copy(whole, part)
	n, last, err = fill(r, whole[small:])
	return whole[:small+n], last, err
}

// fill reads until buf is full or r has ended. Unlike io.ReadFull, it does not
// take an io.ErrUnexpectedEOF of the reader for the end.
func fill(r io.Reader, buf []byte) (n int, last bool, err error) {
	for n < len(buf) {
		var m int
		m, err = r.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// whole sends the object in one request.
func (p *put) whole(ctx context.Context, data []byte) error {
	_, err := p.s.core.PutObject(ctx, p.s.bucket, p.key, bytes.NewReader(data), int64(len(data)), "", digest(data), p.options(true))
	return p.settle(ctx, err)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// options of the requests that begin, or with last complete, an object.
func (p *put) options(last bool) minio.PutObjectOptions { //nolint:revive // which request it is
	o := minio.PutObjectOptions{
		UserMetadata: map[string]string{mark: p.id},
		// The whole body is signed instead of its pieces; not every server knows
		// pieces.
		DisableContentSha256: true,
	}
	if last && p.o.IfAbsent {
		o.SetMatchETagExcept("*")
	}
	return o
}

// settle decides about a last request that failed: it may have been carried out,
// and its answer lost, or its repetition refused because of itself. The object's
// metadata has the answer.
func (p *put) settle(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return p.s.explain(ctx, "write", p.name, err)
	}
	info, statErr := p.s.stat(ctx, p.key)
	if statErr == nil && info.UserMetadata[mark] == p.id {
		return nil
	}
	var answer minio.ErrorResponse
	if statErr == nil && p.o.IfAbsent && errors.As(err, &answer) && (answer.Code == minio.PreconditionFailed || answer.Code == "ConditionalRequestConflict") {
		return p.exists()
	}
	return p.s.explain(ctx, "write", p.name, err)
}

// parts sends the object as a multipart upload, and aborts it after a failure.
func (p *put) parts(ctx context.Context, first []byte, r io.Reader) error {
	id, err := p.s.core.NewMultipartUpload(ctx, p.s.bucket, p.key, p.options(false))
	if err != nil {
		return p.s.explain(ctx, "write", p.name, err)
	}
	u := &upload{put: p, id: id, free: make(chan []byte, uploads+1)}
	err = u.send(ctx, first, r)
	if err == nil {
		last := p.options(true)
		last.UserMetadata = nil // it was given at the beginning
		_, err = p.s.core.CompleteMultipartUpload(ctx, p.s.bucket, p.key, id, u.done, last)
		err = p.settle(ctx, err)
	}
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	if abortErr := p.abort(ctx, id); abortErr != nil {
		return fmt.Errorf("%w; the unfinished upload stays, and prune removes it later: %w", err, abortErr)
	}
	return err
}

// abort removes the upload and looks whether it is gone. A part that the server
// was still taking in may bring it back, so that S3's own documentation asks for
// as many calls as are needed.
func (p *put) abort(ctx context.Context, id string) error {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		if err := p.s.Abort(ctx, store.Upload{Name: p.name, ID: id}); err != nil {
			return err
		}
		_, err := p.s.core.ListObjectParts(ctx, p.s.bucket, p.key, id, 0, 1)
		if err != nil { // gone; or there is no right to list, and what can be done is done
			return nil //nolint:nilerr // said above
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return p.s.explain(ctx, "abort the upload of", p.name, ctx.Err())
		}
	}
}

// upload is a multipart upload.
type upload struct {
	*put
	id   string
	free chan []byte // buffers that no request uses
	made int         // buffers

	mu   sync.Mutex
	done []minio.CompletePart // by number, less one
}

// send reads parts and sends several at once. After a failure, it waits for the
// requests that are on their way: a server may go on with one that was cut off,
// and keep its part although the upload is aborted in the meantime.
func (u *upload) send(ctx context.Context, first []byte, r io.Reader) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cut()
		case <-requests.Done():
		}
	})()
	var group sync.WaitGroup
	part, last := first, false
	for n := 1; len(part) > 0; n++ {
		if n > maxParts {
			cancel(fmt.Errorf("could not write %s: it is larger than %d GiB, the limit of its %d parts", u.s.object(u.name), partSize*maxParts>>30, maxParts))
			break
		}
		u.grow()
		data := part
		group.Go(func() {
			if err := u.part(requests, n, data); err != nil {
				cancel(err)
			}
			u.free <- data[:cap(data)]
		})
		if last {
			break
		}
		var err error
		if part, last, err = u.next(ctx, r); err != nil {
			cancel(err)
			break
		}
	}
	group.Wait()
	return context.Cause(ctx)
}

// grow makes room for one more part in the list.
func (u *upload) grow() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done = append(u.done, minio.CompletePart{})
}

// next waits for a buffer and fills it.
func (u *upload) next(ctx context.Context, r io.Reader) (part []byte, last bool, err error) {
	var buf []byte
	if u.made < uploads {
		u.made++
		buf = make([]byte, partSize)
	} else {
		select {
		case buf = <-u.free:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
	n, last, err := fill(r, buf)
	return buf[:n], last, err
}

// part sends one part.
func (u *upload) part(ctx context.Context, n int, data []byte) error {
	part, err := u.s.core.PutObjectPart(ctx, u.s.bucket, u.key, u.id, n, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectPartOptions{Sha256Hex: digest(data), DisableContentSha256: true})
	if err != nil {
		return u.s.explain(ctx, "write", u.name, err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done[n-1] = minio.CompletePart{PartNumber: n, ETag: part.ETag}
	return nil
}
