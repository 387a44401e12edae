# The hook as one process that needs nothing on disk: any user, read-only root file system.
# Every wheel comes with the hash that requirements/ has for it; nothing is compiled here.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/ requirements/
RUN pip install --require-hashes --only-binary=:all: -r requirements/dev.txt
COPY pyproject.toml README.md LICENSE ./
COPY app/ app/
RUN python -m hatchling build --target wheel

FROM ${PYTHON_IMAGE} AS environment
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv --without-pip /opt/hook
COPY requirements/runtime.txt /tmp/runtime.txt
RUN pip --python /opt/hook/bin/python install --require-hashes --only-binary=:all: \
    -r /tmp/runtime.txt
COPY --from=wheel /source/dist/*.whl /tmp/
# Bytecode is made now: later the file system is read-only, and a start would compile it each time.
RUN pip --python /opt/hook/bin/python install --no-deps --no-index /tmp/*.whl \
    && python -m compileall --quiet /opt/hook/lib

FROM ${PYTHON_IMAGE}
COPY --from=environment /opt/hook /opt/hook
# All addresses: in a pod the probes and Metacontroller come from outside.
ENV PATH=/opt/hook/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WAZUH_HOOK_HOST=0.0.0.0 \
    WAZUH_HOOK_PORT=8080
WORKDIR /
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["wazuh-hook"]
CMD ["serve"]
