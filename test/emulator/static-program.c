/*
 * A release that needs nothing else in its image: it uses system calls of Linux on x86-64 and no library.
 *
 *   release serve PORT TEXT    answers every HTTP request with the text
 *   release exit CODE TEXT     prints the text and exits
 *   release create PATH        creates a file and exits, with the error number of Linux if it cannot
 *
 * static-program.ts contains the output of this command:
 *   gcc -Os -nostdlib -static -fno-asynchronous-unwind-tables -fno-stack-protector -fno-builtin -Wl,--build-id=none -Wl,-z,noseparate-code -s
 */
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

enum { READ = 0, WRITE = 1, OPEN = 2, CLOSE = 3, SIGACTION = 13, SOCKET = 41, ACCEPT = 43, SENDTO = 44, BIND = 49, LISTEN = 50, SETSOCKOPT = 54, EXIT = 60 };

static long length(const char *text) {
  long count = 0;
  while (text[count]) count++;
  return count;
}

static long number(const char *text) {
  long value = 0;
  while (*text) value = value * 10 + *text++ - '0';
  return value;
}

static void print(long file, const char *text) {
  call(WRITE, file, (long) text, length(text), 0);
}

static void serve(long port, const char *text) {
  unsigned short address[8] = {2, (unsigned short) (port << 8 | port >> 8)};
  char request[4096];
  long server = call(SOCKET, 2, 1, 0, 0);
  if (call(BIND, server, (long) address, sizeof address, 0) < 0) {
    print(2, "the port is refused\n");
    call(EXIT, 1, 0, 0, 0);
  }
  call(LISTEN, server, 64, 0, 0);
  for (;;) {
    long client = call(ACCEPT, server, 0, 0, 0);
    if (client < 0) continue;
    call(READ, client, (long) request, sizeof request, 0);
    print(client, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n");
    print(client, text);
    call(CLOSE, client, 0, 0, 0);
  }
}

static void end(int signal) {
  call(EXIT, 0, 0, 0, 0);
}

static void restore(void) {
  __asm__ volatile("mov $15, %eax\n syscall");
}

void begin(long *stack) {
  char **words = (char **) (stack + 1);
  struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {end, 0x04000000, restore, 0};
  call(SIGACTION, 15, (long) &action, 0, 8);
  if (words[1][0] == 's') serve(number(words[2]), words[3]);
  if (words[1][0] == 'c') {
    long file = call(OPEN, (long) words[2], 0101, 0600, 0); // O_CREAT and O_WRONLY
    call(EXIT, file < 0 ? -file : 0, 0, 0, 0);
  }
  print(1, words[3]);
  print(1, "\n");
  call(EXIT, number(words[2]), 0, 0, 0);
}

__asm__(".globl _start\n_start:\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
