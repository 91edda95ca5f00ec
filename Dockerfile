ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="query-generator" \
      org.opencontainers.image.description="AWS Batch job that asks an LLM for the questions shoppers ask about products"

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# googleapiclient's discovery documents are 111 MB that this job never reads.
COPY requirements.txt .
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.txt \
    && rm -rf "$(pip show google-api-python-client | sed -n 's/^Location: //p')/googleapiclient/discovery_cache/documents"

# global-bundle.pem, the certificates of Amazon RDS, is copied where the build folder holds it.
COPY batch_job.py secrets_cache.py global-bundle.pe[m] ./
COPY query_generator/ query_generator/

# The root file system is read-only at run time, so byte code is made now.
RUN python -m compileall -q . && chmod -R a+rX .

USER 10001:10001
ENV HOME=/tmp

# Exec form: the job is PID 1 and gets SIGTERM itself.
ENTRYPOINT ["python", "batch_job.py"]
