# The common part of exec-wrapper and bootstrap, which source it. $node is the Node.js to use if it exists, $folder is the
# folder of this file, and "$@" are the arguments of the command. POSIX sh, because Alpine has BusyBox.
[ -x "$node" ] || node=node

# glibc gives threads up to 8 malloc arenas for each vCPU, and freed memory stays in its arena. Two arenas hold far less.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
# glibc would keep freed blocks of up to 32 MiB, such as the Buffers of an ended thread.
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-8388608}"
# Once the mmap threshold is fixed, glibc leaves the trim threshold at 128 KiB. Otherwise glibc sets it to twice the other.
export MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-16777216}"

# V8 would let the young generation of the main thread grow to 128 MiB. With a concurrency of 1, handlers run on the main
# thread, so it gets no limit.
slots=${AWS_LAMBDA_MAX_CONCURRENCY:-1}
flag=--max-semi-space-size=16
case "$slots ${NODE_OPTIONS:-}" in "1 "* | *max?semi?space?size*) flag= ;; esac

# All threads share libuv's pool, which has 4 threads by default, and whose size is read at its first use.
if [ -z "${UV_THREADPOOL_SIZE:-}" ]; then
  UV_THREADPOOL_SIZE=4
  if [ "$slots" -gt 64 ] 2>/dev/null; then
    UV_THREADPOOL_SIZE=64
  elif [ "$slots" -gt 4 ] 2>/dev/null; then
    UV_THREADPOOL_SIZE=$slots
  fi
  export UV_THREADPOOL_SIZE
fi

# Instrumentation on the main thread reads these variables before the command starts, to find the handler's module.
export LAMBDA_TASK_ROOT="${LAMBDA_TASK_ROOT:-$PWD}"
case ${1:-} in
  -*) ;;
  *.*) export _HANDLER="${_HANDLER:-$1}" ;;
esac

# ES modules of a function do not find packages in layers.
in_layer=
[ -d "$LAMBDA_TASK_ROOT/node_modules/lambda-managed-runtime" ] || in_layer=$folder/resolve-in-layer.cjs

main=$folder/../dist/src/cli/main.js
if [ -n "${LMR_BOOTSTRAP:-}" ]; then
  case $LMR_BOOTSTRAP in
    /*) main=$LMR_BOOTSTRAP ;;
    *) main=$LAMBDA_TASK_ROOT/$LMR_BOOTSTRAP ;;
  esac
  if [ ! -f "$main" ]; then
    echo "$0: LMR_BOOTSTRAP is $LMR_BOOTSTRAP, but there is no file $main." >&2
    exit 1
  fi
fi

# A layer's wrapper changes the environment, then executes its arguments.
next=${LMR_NEXT_WRAPPER:-}
unset LMR_NEXT_WRAPPER
exec ${next:+"$next"} "$node" ${flag:+"$flag"} ${in_layer:+--require "$in_layer"} "$main" "$@"
