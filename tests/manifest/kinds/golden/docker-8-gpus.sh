docker run \
  --name resnet50 \
  --init \
  --restart=no \
  --cap-drop=ALL \
  --security-opt=no-new-privileges \
  --gpus 8 \
  --memory 30g \
  --env PADDLE_ESTIMATE_ID=20261124-0001 \
  --entrypoint python \
  paddlepaddle/paddle:3.3.0-gpu-cuda12.6-cudnn9.5 -m paddle.distributed.launch --devices=0,1,2,3,4,5,6,7 train.py --batch_size=64
