/* Makes every flush to disk take GRADPRINT_TEST_SLOW microseconds longer, so that a test meets a task half-way. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int fsync(int file) {
    const char *delay = getenv("GRADPRINT_TEST_SLOW");
    if (delay) usleep((useconds_t)atoi(delay));
    return (int)syscall(SYS_fsync, file);
}
