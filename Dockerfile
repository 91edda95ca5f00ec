# To be pinned by digest: make image BASE_IMAGE=python:3.11-slim@sha256:...
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="query-generator" \
      org.opencontainers.image.description="AWS Batch job that asks an LLM for the questions shoppers ask about products"

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# Left out: googleapiclient's discovery documents (111 MB), and botocore's models of services that the job never calls.
# Byte code is made here, since the root file system is read-only at run time, and is bound to the source by its hash,
# so that two builds are equal.
COPY requirements.txt .
RUN pip install --no-cache-dir --no-compile --only-binary :all: --no-deps --require-hashes -r requirements.txt \
    && pip check \
    && site="$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    && rm -r "$site/googleapiclient/discovery_cache/documents" \
    && find "$site/botocore/data" -mindepth 1 -maxdepth 1 -type d \
        ! -name dynamodb ! -name s3 ! -name secretsmanager ! -name sts ! -name 'sso*' -exec rm -r {} + \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash "$site"

# global-bundle.pem, the certificates of Amazon RDS, is copied where the build folder holds it.
COPY batch_job.py secrets_cache.py global-bundle.pe[m] ./
COPY query_generator/ query_generator/
RUN python -m compileall -q --invalidation-mode unchecked-hash . && chmod -R a+rX .

USER 10001:10001
ENV HOME=/tmp

# Exec form: the job is PID 1 and gets SIGTERM itself.
ENTRYPOINT ["python", "batch_job.py"]
