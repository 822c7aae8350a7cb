/* Preloaded into a process: fails the Nth operation on files below a folder, or kills the process
 * there. Before each operation it writes a line, "name path", to a log. What glibc does within
 * itself (fwrite) is not seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[4096];
static long failing, seen;
static int action, only_opens, log_to = -1;

/* Begin to count. action: an errno to fail with, or a negative signal to die of, or 0. */
void shim_arm(const char *folder, long n, int what, int opens, int log_fd) {
    strncpy(root, folder, sizeof root - 1);
    failing = n; action = what; only_opens = opens; log_to = log_fd; seen = 0;
}

/* Stop; how many operations there were. */
long shim_disarm(void) { root[0] = 0; return seen; }

static ssize_t (*real_write)(int, const void *, size_t);

static int refused(const char *name, const char *path, int is_open) {
    if (!root[0] || strncmp(path, root, strlen(root)) || (only_opens && !is_open)) return 0;
    seen++;
    if (seen == failing && action < 0) kill(getpid(), -action);
    if (seen == failing && action > 0) { errno = action; return 1; }
    if (log_to >= 0) {
        char line[5000];
        int length = snprintf(line, sizeof line, "%s %s\n", name, path);
        if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
        real_write(log_to, line, length);
    }
    return 0;
}

static int refused_fd(const char *name, int fd) {
    char link[64], path[4096];
    if (!root[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return refused(name, path, 0);
}

static void absolute(int folder, const char *path, char *out) {
    if (path[0] == '/') { snprintf(out, 8192, "%s", path); return; }
    char link[64], base[4000] = "";
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    base[length < 0 ? 0 : length] = 0;
    snprintf(out, 8192, "%s/%s", base, path);
}

#define WRITES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT))
#define OPEN(name)                                                                        \
    int name(const char *path, int flags, ...) {                                          \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        char whole[8192]; absolute(AT_FDCWD, path, whole);                                \
        if (WRITES(flags) && refused("open", whole, 1)) return -1;                        \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
#define OPENAT(name)                                                                      \
    int name(int folder, const char *path, int flags, ...) {                              \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        char whole[8192]; absolute(folder, path, whole);                                  \
        if (WRITES(flags) && refused("open", whole, 1)) return -1;                        \
        return ((int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, #name))(folder, path, flags, mode); \
    }
#define ON_FD(type, name, logged, parameters, arguments)                                  \
    type name parameters {                                                                \
        if (refused_fd(logged, fd)) return -1;                                            \
        return ((type (*) parameters)dlsym(RTLD_NEXT, #name)) arguments;                  \
    }

OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
ON_FD(ssize_t, write, "write", (int fd, const void *b, size_t n), (fd, b, n))
ON_FD(ssize_t, pwrite, "write", (int fd, const void *b, size_t n, off_t o), (fd, b, n, o))
ON_FD(ssize_t, pwrite64, "write", (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o))
ON_FD(ssize_t, writev, "write", (int fd, const struct iovec *v, int n), (fd, v, n))
ON_FD(int, ftruncate, "write", (int fd, off_t n), (fd, n))
ON_FD(int, ftruncate64, "write", (int fd, off64_t n), (fd, n))
ON_FD(int, fsync, "sync", (int fd), (fd))
ON_FD(int, fdatasync, "sync", (int fd), (fd))

int rename(const char *from, const char *to) {
    char source[8192], target[8192], both[16400];
    absolute(AT_FDCWD, from, source); absolute(AT_FDCWD, to, target);
    snprintf(both, sizeof both, "%s\t%s", source, target);
    if (refused("rename", both, 0)) return -1;
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
